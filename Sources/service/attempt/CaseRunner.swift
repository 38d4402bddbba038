internal import FoundationEssentials
internal import SandmillEntity

/// Runs the cases of an execution, one after the other in one sandbox.
///
/// Each run gets the program's files anew and is held to its limits, and behind each the sandbox is
/// reset and proved clean. A program that is built is built by the first run and kept for the others.
/// What is expected of a case stays here.
struct CaseRunner: Sendable {
    let execution: UUID
    let program: Program
    let plan: TestPlan
    let sandbox: any Sandbox
    let killsOnExcessOutput: Bool
    let draft: any ResultDraft

    /// Runs all cases that are to be run, and returns what they came to.
    ///
    /// A sandbox that a case leaves unclean while others are to come is lost, and with it the attempt.
    /// `decidedEnd` says how the execution has to end if that was decided meanwhile; it is asked
    /// between two cases, when nothing runs that could be told.
    func run(decidedEnd: () -> Outcome? = { nil }) async throws -> RunResult {
        let output = CaseOutput(draft: draft, limits: program.limits)
        var tally = CaseTally(plan)
        var isClean = true
        while let index = tally.next {
            if index > 0, let outcome = decidedEnd() {
                tally.stop(as: outcome)
                break
            }
            guard isClean else {
                throw SandboxError(.sandboxLost, "the sandbox was not clean for the next case")
            }
            let end = try await run(index, output)
            tally.take(end, answer: await output.answer(isTruncated: end.stdout.truncated))
            isClean = end.isClean
        }
        return tally.end(isClean: await forgetProgram(isClean: isClean))
    }

    private func run(_ index: Int, _ output: CaseOutput) async throws -> RunResult {
        let testCase = plan.cases[index]
        try await output.begin(index, testCase)
        let report = try await sandbox.run(
            program.running(testCase),
            of: execution,
            build: index == 0 ? .keep : .reuse,
            killsOnExcessOutput: killsOnExcessOutput
        ) { try await output.receive($0) }
        return RunResult(
            of: program,
            report,
            await draft.summary(),
            killsOnExcessOutput: killsOnExcessOutput,
            previewLength: CaseResult.previewLength(of: plan.cases.count)
        )
    }

    /// Has the sandbox drop what it built; whether it can be used again.
    ///
    /// What the cases came to is known by then, so that nothing of it is lost with the sandbox.
    private func forgetProgram(isClean: Bool) async -> Bool {
        guard isClean, program.runtime.build != nil else { return isClean }
        do throws(SandboxError) {
            try await sandbox.forgetProgram()
            return true
        } catch {
            return false
        }
    }
}
