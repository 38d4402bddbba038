internal import FoundationEssentials
internal import SandmillEntity

/// Runs one attempt: a sandbox, the program in it, its output on disk, the document of its end.
struct ProgramRunner: Sendable {
    let worker: String
    let killsOnExcessOutput: Bool
    let pool: WarmPool
    let results: any ResultsStore
    let ledger: ExecutionLedger
    let announcer: CompletionEventFactory
    let drafts: LiveOutputStager
    let running: RunningExecutions
    let telemetry: ExecutionTelemetry

    /// Runs the program and returns its end once its output is durable.
    func run(_ execution: ClaimedExecution) async throws(InfrastructureFailure) -> FinishedExecution
    {
        if let outcome = decidedEnd(of: execution) { return end(execution, as: outcome) }
        let id = execution.submission.id
        running.add(id, attempt: execution.grant.attempt, waitingFor: pool)
        defer { running.remove(id, attempt: execution.grant.attempt) }
        do {
            let lease = try await telemetry.measure(.sandbox, of: execution) {
                try await ledger.backlog.counting {
                    try await pool.lease(
                        for: execution.submission,
                        cost: execution.submission.runs,
                        age: execution.age
                    )
                }
            }
            try await markLostBefore(execution, in: lease)
            running.start(id, in: lease.sandbox)
            // The wait for a sandbox may have been long.
            if let outcome = decidedEnd(of: execution) {
                await pool.release(lease, reusable: true)
                return end(execution, as: outcome)
            }
            // What would be lost is not started; it is for a worker that can keep it.
            guard await ledger.resultsHealth.isWritable() else {
                await pool.release(lease, reusable: true)
                throw ResultsError("results cannot be written, and the program is not started")
            }
            running.begin(execution.begin())
            return try await run(execution, in: lease)
        } catch is CancellationError {
            // It gave up waiting for a sandbox.
            guard let outcome = decidedEnd(of: execution) else {
                throw InfrastructureFailure(CancellationError())
            }
            return end(execution, as: outcome)
        } catch {
            throw InfrastructureFailure(error)
        }
    }

    /// Notes that an execution which has lost a worker before has a sandbox, before its program starts.
    ///
    /// If this worker is lost too, the program may be what kills them. Others need no such write.
    private func markLostBefore(
        _ execution: ClaimedExecution,
        in lease: SandboxLease
    ) async throws {
        guard execution.grant.lostWorkers > 0 else { return }
        do {
            try await ledger.markSandboxed(
                RunningAttempt(
                    id: execution.submission.id,
                    attempt: execution.grant.attempt,
                    token: execution.token
                )
            )
        } catch {
            await pool.release(lease, reusable: true)
            throw error
        }
    }

    /// How an execution has to end if it has not started by now; nil when it may start.
    private func decidedEnd(of execution: ClaimedExecution) -> Outcome? {
        execution.grant.decidedEnd ?? running.decidedEnd(of: execution.submission.id)
            ?? (execution.isExpired ? Outcome(.expired) : nil)
    }

    /// The end of an execution that did not run.
    func end(_ execution: ClaimedExecution, as outcome: Outcome) -> FinishedExecution {
        finish(execution.document(outcome: outcome, worker: worker), of: execution, sandbox: nil)
    }

    private func run(
        _ execution: ClaimedExecution,
        in lease: SandboxLease
    ) async throws -> FinishedExecution {
        let draft = results.begin(
            execution: execution.submission.id,
            attempt: execution.grant.attempt,
            day: execution.grant.startedAt
        )
        do {
            return try await run(execution, in: lease, into: draft)
        } catch {
            await draft.discard()
            throw error
        }
    }

    private func run(
        _ execution: ClaimedExecution,
        in lease: SandboxLease,
        into draft: any ResultDraft
    ) async throws -> FinishedExecution {
        let sandbox = lease.sandbox
        let end: RunResult
        do {
            end = try await telemetry.measure(.run, of: execution) {
                try await drafts.keepingStaged(draft) {
                    try await run(execution.submission, in: sandbox, into: draft)
                }
            }
        } catch {
            await pool.release(lease, reusable: false)
            throw error
        }
        await pool.release(lease, reusable: end.isClean, written: await draft.written)
        var document = execution.document(outcome: end.outcome, worker: worker)
        end.describe(in: &document)
        if end.outcome.state == .cancelled {
            document.reason = running.decidedEnd(of: execution.submission.id)?.reason
        }
        document.resultsPath = draft.path
        document.image = sandbox.image
        var finished = finish(document, of: execution, sandbox: sandbox.id)
        finished.resultsSize = try await telemetry.measure(.collect, of: execution) {
            let result = await draft.finish(
                document: finished.encodedDocument,
                streamsOf: end.decider
            )
            try await ledger.publish(result, isPrompt: execution.isPrompt)
            return result.size
        }
        finished.claimedAt = execution.grant.startedAt
        finished.collectedAt = execution.now
        return finished
    }

    /// Runs the program once, or for each case.
    private func run(
        _ submission: Submission,
        in sandbox: any Sandbox,
        into draft: any ResultDraft
    ) async throws -> RunResult {
        let program = submission.program
        if let plan = submission.tests {
            let cases = CaseRunner(
                execution: submission.id,
                program: program,
                plan: plan,
                sandbox: sandbox,
                killsOnExcessOutput: killsOnExcessOutput,
                draft: draft
            )
            return try await cases.run { running.decidedEnd(of: submission.id) }
        }
        let report = try await sandbox.run(
            program,
            of: submission.id,
            killsOnExcessOutput: killsOnExcessOutput
        ) { try await draft.receive($0) }
        return RunResult(
            of: program,
            report,
            await draft.summary(),
            killsOnExcessOutput: killsOnExcessOutput
        )
    }

    private func finish(
        _ document: ResultDocument,
        of execution: ClaimedExecution,
        sandbox: String?
    ) -> FinishedExecution {
        FinishedExecution(
            worker: worker,
            attempt: execution.grant.attempt,
            document: document,
            encodedDocument: DocumentCoder.encode(document),
            sandbox: sandbox,
            events: announcer.messages(for: document, of: execution.properties)
        )
    }
}
