internal import FoundationEssentials
internal import SandmillEntity

/// Runs one attempt: a sandbox, the program in it, its output on disk, the document of its end.
struct ProgramRunner: Sendable {
    let worker: String
    let killsOnExcessOutput: Bool
    let pool: WarmPool
    let results: any ResultsStore
    let ledger: ExecutionLedger
    let announcer: CompletionAnnouncer
    let drafts: OpenDrafts
    let running: RunningExecutions

    /// Runs the program and returns its end once its output is durable.
    func run(_ execution: ClaimedExecution) async throws(Fault) -> FinishedExecution {
        if let outcome = decidedEnd(of: execution) { return end(execution, as: outcome) }
        let id = execution.submission.id
        running.add(id, waitingFor: pool)
        defer { running.remove(id) }
        do {
            let lease = try await ledger.backlog.counting {
                try await pool.lease(for: execution.submission, age: execution.age)
            }
            running.start(id, in: lease.sandbox)
            // The wait for a sandbox may have been long.
            if let outcome = decidedEnd(of: execution) {
                await pool.release(lease, reusable: true)
                return end(execution, as: outcome)
            }
            return try await run(execution, in: lease)
        } catch is CancellationError {
            // It gave up waiting for a sandbox.
            guard let outcome = decidedEnd(of: execution) else { throw Fault(CancellationError()) }
            return end(execution, as: outcome)
        } catch {
            throw Fault(error)
        }
    }

    /// How an execution has to end if it has not started by now; nil when it may start.
    private func decidedEnd(of execution: ClaimedExecution) -> Outcome? {
        execution.grant.decidedEnd ?? running.decidedEnd(of: execution.submission.id)
            ?? (execution.isExpired ? Outcome(.expired) : nil)
    }

    /// The end of an execution that did not run.
    func end(_ execution: ClaimedExecution, as outcome: Outcome) -> FinishedExecution {
        finish(
            execution.document(outcome: outcome, worker: worker),
            of: execution.request,
            sandbox: nil
        )
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
        let report: SandboxReport
        do {
            report = try await drafts.keepingStaged(draft) {
                try await lease.sandbox.run(
                    execution.submission.program,
                    killsOnExcessOutput: killsOnExcessOutput
                ) { try await draft.receive($0) }
            }
        } catch {
            await pool.release(lease, reusable: false)
            throw error
        }
        await pool.release(lease, reusable: report.isClean)
        let document = describe(
            execution,
            report,
            await draft.summary(),
            path: draft.path,
            image: lease.sandbox.image
        )
        let finished = finish(document, of: execution.request, sandbox: lease.sandbox.id)
        try await ledger.publish(await draft.finish(document: finished.encodedDocument))
        return finished
    }

    private func describe(
        _ execution: ClaimedExecution,
        _ report: SandboxReport,
        _ summary: ResultSummary,
        path: String,
        image: String
    ) -> ResultDocument {
        let outcome = Outcome(
            of: report.exit,
            within: execution.submission.program.limits,
            isBuilt: report.isBuilt,
            filesExceeded: killsOnExcessOutput && summary.exceedsFileLimits
        )
        var document = execution.document(outcome: outcome, worker: worker)
        if outcome.state == .cancelled {
            document.reason = running.decidedEnd(of: execution.submission.id)?.reason
        }
        if report.isBuilt {
            document.wallSeconds = report.exit.wall.roundedSeconds
            document.cpuSeconds = report.exit.cpu.roundedSeconds
            document.memoryPeakBytes = report.exit.memoryPeak
        }
        document.build = report.build.map(ResultDocument.Build.init)
        document.stdout = summary.stdout.described(total: report.exit.stdout)
        document.stderr = summary.stderr.described(total: report.exit.stderr)
        document.files = summary.files
        document.skipped = summary.skipped
        document.resultsPath = path
        document.image = image
        return document
    }

    private func finish(
        _ document: ResultDocument,
        of request: RequestMessage,
        sandbox: String?
    ) -> FinishedExecution {
        FinishedExecution(
            worker: worker,
            document: document,
            encodedDocument: DocumentCoder.encode(document),
            sandbox: sandbox,
            events: announcer.messages(for: document, of: request.properties)
        )
    }
}

extension ResultDocument.Build {
    fileprivate init(_ exit: ProgramExit) {
        self.init(
            wallSeconds: exit.wall.roundedSeconds,
            cpuSeconds: exit.cpu.roundedSeconds,
            memoryPeakBytes: exit.memoryPeak
        )
    }
}

extension ResultSummary {
    fileprivate var exceedsFileLimits: Bool {
        skipped.contains { $0.reason == .tooLarge || $0.reason == .tooMany }
    }
}

extension ResultSummary.Stream {
    /// The stream as documents tell it.
    ///
    /// A U+0000 becomes U+FFFD too: jsonb cannot hold one. A replacement may be longer than what
    /// it replaces, so the text is cut to 4 KiB once more.
    fileprivate func described(total: ByteCount) -> ResultDocument.StreamSummary {
        let text = String(decoding: head, as: UTF8.self).replacing("\0", with: "\u{FFFD}")
        var room = 4_096
        let preview = text.unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return ResultDocument.StreamSummary(
            bytes: total,
            storedBytes: stored,
            preview: String(preview)
        )
    }
}

extension Duration {
    /// Seconds to the microsecond.
    fileprivate var roundedSeconds: Double {
        (self / .microseconds(1)).rounded() / 1_000_000
    }
}
