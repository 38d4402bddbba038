internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Ends what shall not start: executions that are cancelled, or whose deadline passes, while they
/// are queued; parks those whose time has come; and tells this worker which of those that it has
/// claimed have to end.
///
/// It looks once a second, and at once when it is told to (``sweepSoon()``). That several workers
/// end the same execution does no harm: one row decides.
public actor Sweeper: Service {
    private static let group = 256
    private static let groupsPerSweep = 40
    private static let roundsPerForgetting = 60

    private let worker: String
    private let cancellations: any CancellationStore
    private let ledger: ExecutionLedger
    private let running: RunningExecutions
    private let announcer: CompletionAnnouncer
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let calls: AsyncStream<Void>
    private let call: AsyncStream<Void>.Continuation
    private let killCalls: AsyncStream<Void>
    private let killCall: AsyncStream<Void>.Continuation

    /// Describes a sweeper; the ledger has to outlive it.
    public init(
        worker: String,
        cluster: String,
        cancellations: any CancellationStore,
        ledger: ExecutionLedger,
        running: RunningExecutions,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.worker = worker
        self.cancellations = cancellations
        self.ledger = ledger
        self.running = running
        self.clock = clock
        self.logger = logger
        announcer = CompletionAnnouncer(cluster: cluster)
        (calls, call) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (killCalls, killCall) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has it look at once.
    nonisolated func sweepSoon() {
        call.yield()
        killCall.yield()
    }

    /// Sweeps until a graceful shutdown.
    ///
    /// Programs are killed by a task of its own, so that none waits while many that wait are ended.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.callEverySecond() }
            group.addTask { for await _ in self.killCalls { await self.endClaimed() } }
            group.addTask {
                try? await gracefulShutdown()
                self.call.finish()
                self.killCall.finish()
            }
            for await _ in calls { await sweep() }
            group.cancelAll()
        }
    }

    private func callEverySecond() async {
        var rounds = 0
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            sweepSoon()
            rounds += 1
            guard rounds.isMultiple(of: Self.roundsPerForgetting) else { continue }
            await look { try await cancellations.forgetOldCancellations() }
        }
    }

    private func endClaimed() async {
        await look {
            for (id, outcome) in try await cancellations.decidedEnds(runBy: worker) {
                await running.end(id, as: outcome)
            }
        }
    }

    private func sweep() async {
        await look {
            for _ in 0..<Self.groupsPerSweep {
                if try await ledger.parkDue(limit: Self.group) < Self.group { break }
            }
        }
        await look { try await ledger.admitHeldMembers() }
        await look {
            for _ in 0..<Self.groupsPerSweep {
                if try await endOverdue() < Self.group { break }
            }
        }
    }

    /// Does one of the things that are to be looked at; what fails is tried again in a second.
    private func look(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning(
                "What waits could not be looked through.",
                metadata: [LogKey.reason: "\((error as? StoreError)?.message ?? "\(error)")"]
            )
        }
    }

    /// Ends a group of those that are due, and returns how many there were.
    private func endOverdue() async throws(StoreError) -> Int {
        let overdue = try await cancellations.overdue(limit: Self.group)
        await withDiscardingTaskGroup { group in
            for execution in overdue { group.addTask { await self.end(execution) } }
        }
        return overdue.count
    }

    private func end(_ execution: UnrunExecution) async {
        do throws(StoreError) {
            try await ledger.finish(announcer.end(execution, wasQueued: true, by: worker))
        } catch {
            logger.error(
                "The end of an execution that shall not start could not be written.",
                metadata: [
                    LogKey.execution: "\(execution.record.id.text)",
                    LogKey.reason: "\(error.message)",
                ]
            )
        }
    }
}
