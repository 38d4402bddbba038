internal import Backoff
internal import FoundationEssentials
internal import Logging
internal import SandmillEntity

/// Makes the attempts of one pool: each leases a sandbox, runs the program, publishes its output, and ends
/// the execution or has it tried again.
struct AttemptRunner: Sendable {
    let worker: String
    let maximumAttempts: Int
    let killsOnExcessOutput: Bool
    let pool: WarmPool
    let results: any ResultsStore
    let ledger: ExecutionLedger
    let completionEvents: CompletionEventFactory
    let drafts: LiveOutputStager
    let running: RunningExecutions
    let telemetry: ExecutionTelemetry
    let logger: Logger

    /// What happens to an execution that is this worker's.
    ///
    /// A fault of ours at any step leads to ``retry(_:after:)``.
    func run(_ execution: ClaimedExecution) async {
        telemetry.countClaimed(execution)
        do {
            let finished = try await end(of: execution)
            if execution.wantsRetry(after: finished.document.state) {
                try await ledger.retry(FailedAttempt(finished))
            } else {
                try await telemetry.measure(.commit, of: execution) {
                    try await ledger.finish(finished)
                }
                telemetry.recordEnd(execution)
            }
        } catch {
            await retry(execution, after: InfrastructureFailure(error))
        }
    }

    /// Makes the attempt, and returns its end once the output is durable; where the end is decided before
    /// the program starts, it is that.
    private func end(of execution: ClaimedExecution) async throws -> FinishedExecution {
        if let outcome = decidedEnd(of: execution) { return end(execution, as: outcome) }
        let id = execution.submission.id
        running.add(id, attempt: execution.grant.attempt, waitingFor: pool)
        defer { running.remove(id, attempt: execution.grant.attempt) }
        guard let lease = try await lease(for: execution) else {
            guard let outcome = decidedEnd(of: execution) else { throw CancellationError() }
            return end(execution, as: outcome)
        }
        let draft = results.begin(
            execution: id,
            attempt: execution.grant.attempt,
            day: execution.grant.startedAt
        )
        do {
            let result = try await runProgram(of: execution, in: lease, into: draft)
            return try await publish(result, of: execution, from: lease.sandbox, draft)
        } catch {
            await draft.discard()
            throw error
        }
    }

    // MARK: - The steps

    /// How an execution has to end if it has not started by now; nil when it may start.
    private func decidedEnd(of execution: ClaimedExecution) -> Outcome? {
        execution.grant.decidedEnd ?? running.decidedEnd(of: execution.submission.id)
            ?? (execution.isExpired ? Outcome(.expired) : nil)
    }

    /// Has a sandbox in which the program is to start at once; nil where it shall not start, or the wait for
    /// a sandbox was given up.
    private func lease(for execution: ClaimedExecution) async throws -> SandboxLease? {
        let lease: SandboxLease
        do {
            lease = try await telemetry.measure(.sandbox, of: execution) {
                try await ledger.backlog.counting {
                    try await pool.lease(
                        for: execution.submission,
                        cost: execution.submission.runs,
                        age: execution.age
                    )
                }
            }
        } catch is CancellationError {
            return nil
        }
        do {
            try await markLostBefore(execution)
            running.start(execution.submission.id, in: lease.sandbox)
            // The wait for a sandbox may have been long.
            if decidedEnd(of: execution) != nil {
                await pool.release(lease, reusable: true)
                return nil
            }
            // What would be lost is not started; it is for a worker that can keep it.
            guard await ledger.resultsHealth.isWritable() else {
                throw ResultsError("results cannot be written, and the program is not started")
            }
        } catch {
            await pool.release(lease, reusable: true)
            throw error
        }
        running.begin(execution.begin())
        return lease
    }

    /// Notes that an execution which has lost a worker before has a sandbox, before its program starts.
    ///
    /// If this worker is lost too, the program may be what kills them. Others need no such write.
    private func markLostBefore(_ execution: ClaimedExecution) async throws(StoreError) {
        guard execution.grant.lostWorkers > 0 else { return }
        try await ledger.markSandboxed(
            RunningAttempt(
                id: execution.submission.id,
                attempt: execution.grant.attempt,
                token: execution.token
            )
        )
    }

    /// Runs the program once, or for each case, and gives the sandbox back.
    private func runProgram(
        of execution: ClaimedExecution,
        in lease: SandboxLease,
        into draft: any ResultDraft
    ) async throws -> RunResult {
        let result: RunResult
        do {
            result = try await telemetry.measure(.run, of: execution) {
                try await drafts.keepingStaged(draft) {
                    try await run(execution.submission, in: lease.sandbox, into: draft)
                }
            }
        } catch {
            await pool.release(lease, reusable: false)
            throw error
        }
        await pool.release(lease, reusable: result.isClean, written: await draft.written)
        return result
    }

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

    /// Puts the output in place, with the document of the end.
    private func publish(
        _ result: RunResult,
        of execution: ClaimedExecution,
        from sandbox: any Sandbox,
        _ draft: any ResultDraft
    ) async throws -> FinishedExecution {
        var document = execution.document(outcome: result.outcome, worker: worker)
        result.describe(in: &document)
        if result.outcome.state == .cancelled {
            document.reason = running.decidedEnd(of: execution.submission.id)?.reason
        }
        document.resultsPath = draft.path
        document.image = sandbox.image
        var finished = finish(document, of: execution, sandbox: sandbox.id)
        finished.resultsSize = try await telemetry.measure(.collect, of: execution) {
            let output = await draft.finish(
                document: finished.encodedDocument,
                streamsOf: result.decider
            )
            try await ledger.publish(output, isPrompt: execution.isPrompt)
            return output.size
        }
        finished.claimedAt = execution.grant.startedAt
        finished.collectedAt = execution.now
        return finished
    }

    /// The end of an execution that did not run.
    private func end(_ execution: ClaimedExecution, as outcome: Outcome) -> FinishedExecution {
        finish(execution.document(outcome: outcome, worker: worker), of: execution, sandbox: nil)
    }

    private func finish(
        _ document: ResultDocument,
        of execution: ClaimedExecution,
        sandbox: String?
    ) -> FinishedExecution {
        let encoded = DocumentCoder.encode(document)
        return FinishedExecution(
            worker: worker,
            attempt: execution.grant.attempt,
            document: document,
            encodedDocument: encoded,
            sandbox: sandbox,
            events: completionEvents.messages(
                for: document,
                encodedAs: encoded,
                of: execution.properties
            )
        )
    }

    // MARK: - Failure

    /// Has an attempt made again that failed through a fault of ours, or ends the execution after the last.
    private func retry(_ execution: ClaimedExecution, after fault: InfrastructureFailure) async {
        logger.warning(
            "An attempt failed through a fault of ours.",
            metadata: [
                LogKey.execution: "\(execution.submission.id.text)",
                LogKey.attempt: "\(execution.grant.attempt)",
                LogKey.reason: "\(fault.reason.rawValue): \(fault.message)",
            ]
        )
        // A worker that is told to stop at once settles nothing: what it ran is taken over.
        if Task.isCancelled { return }
        if fault.reason == .resultsUnwritable { await ledger.resultsHealth.suspect(fault.size) }
        do throws(StoreError) {
            try await settle(execution, after: await judged(fault))
        } catch {
            logger.error(
                "The end of an attempt could not be written.",
                metadata: [
                    LogKey.execution: "\(execution.submission.id.text)",
                    LogKey.reason: "\(error.message)",
                ]
            )
        }
    }

    /// The fault, not counted if no sandbox could be had at all.
    private func judged(_ fault: InfrastructureFailure) async -> InfrastructureFailure {
        guard fault.isOfSandbox, await !pool.isEngineAvailable() else { return fault }
        var fault = fault
        fault.isCounted = false
        return fault
    }

    private func settle(
        _ execution: ClaimedExecution,
        after fault: InfrastructureFailure
    ) async throws(StoreError) {
        if fault.isCounted, execution.faults >= maximumAttempts {
            try await ledger.finish(end(execution, as: Outcome(.errored, fault.reason)))
            return
        }
        var backoff = Backoff(
            initial: .milliseconds(500 << min(execution.faults, 8)),
            maximum: .seconds(120)
        )
        try await ledger.retry(
            FailedAttempt(
                id: execution.submission.id,
                attempt: execution.grant.attempt,
                worker: worker,
                startedAt: execution.startedAt,
                outcome: Outcome(.errored, fault.reason),
                isCounted: fault.isCounted,
                delay: backoff.next()
            )
        )
    }
}

extension FailedAttempt {
    /// An attempt that is followed by another because its request asks for it.
    fileprivate init(_ finished: FinishedExecution) {
        let document = finished.document
        self.init(
            id: document.id,
            attempt: finished.attempt,
            worker: finished.worker,
            startedAt: document.startedAt,
            outcome: document.outcome,
            delay: .zero,
            sandbox: finished.sandbox,
            resultsPath: document.resultsPath,
            resultsSize: finished.resultsSize
        )
    }
}
