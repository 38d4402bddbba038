internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Ends what shall not start: executions that are cancelled, or whose deadline passes, while they
/// are queued; and parks those whose time has come, for which their batch has room, or whose message
/// does not come.
///
/// It looks once a second, and at once when it is told to (``sweepSoon()``), for each of these by itself, so
/// that none waits for another. It needs no sandbox, so a gateway has one too. That several end the same
/// execution does no harm: one row decides.
public struct Sweeper: Service {
    private static let group = 256
    private static let groupsPerSweep = 40

    private let name: String
    private let executions: any ExecutionStore
    private let cancellations: any CancellationStore
    private let ends: GroupCommitter<FinishedExecution, Void>
    private let completionEvents: CompletionEventFactory
    private let watch: Poller
    private let messageTimeout: Duration
    private let messageWatch: Poller
    private let logger: Logger

    /// Describes a sweeper.
    ///
    /// - Parameters:
    ///   - name: What its worker or gateway is called.
    ///   - cluster: What the installation is called in events.
    ///   - executions: Where executions are parked and ended.
    ///   - cancellations: Tells which shall not start.
    ///   - relay: Sends the events of ends; has to outlive it.
    ///   - messageTimeout: How long an execution waits for its message from the broker.
    ///   - clock: What it waits with.
    ///   - logger: Told what failed.
    public init(
        name: String,
        cluster: String,
        executions: any ExecutionStore,
        cancellations: any CancellationStore,
        relay: Relay,
        messageTimeout: Duration,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.name = name
        self.executions = executions
        self.cancellations = cancellations
        self.logger = logger
        ends = .ofEnds(
            in: executions,
            announcedBy: relay,
            delay: StoreDelay(logger: logger)
        )
        completionEvents = CompletionEventFactory(cluster: cluster)
        watch = Poller(clock: clock, logger: logger)
        self.messageTimeout = messageTimeout
        messageWatch = Poller(
            every: min(messageTimeout, .seconds(30)),
            clock: clock,
            logger: logger
        )
    }

    /// Has it look at once.
    func sweepSoon() {
        watch.lookSoon()
    }

    /// Sweeps until a graceful shutdown.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await ends.run() }
            group.addTask { await messageWatch.run([parkAwaited]) }
            await watch.run([
                { try await repeatedly(parkDue) },
                { try await executions.admitHeldMembers() },
                {
                    try await cancellations.noteMissedMembers()
                    try await repeatedly(endOverdue)
                },
                { try await cancellations.forgetOldCancellations() },
            ])
            await ends.finish()
        }
    }

    /// Takes group after group, for as long as there may be more.
    private func repeatedly(_ takeGroup: () async throws(StoreError) -> Bool) async throws {
        for _ in 0..<Self.groupsPerSweep { guard try await takeGroup() else { break } }
    }

    private func parkDue() async throws(StoreError) -> Bool {
        try await executions.parkDue(limit: Self.group) == Self.group
    }

    @Sendable private func parkAwaited() async throws {
        let count = try await executions.parkAwaited(longerThan: messageTimeout)
        guard count > 0 else { return }
        logger.warning(
            "Executions whose message did not come from the broker are taken from the store.",
            metadata: [LogKey.count: "\(count)"]
        )
    }

    /// Ends a group of those that are due, and returns whether there were any: that it is not full only
    /// says that tenants have not used their share.
    private func endOverdue() async throws(StoreError) -> Bool {
        let overdue = try await cancellations.overdue(limit: Self.group)
        await withDiscardingTaskGroup { group in
            for execution in overdue { group.addTask { await end(execution) } }
        }
        return !overdue.isEmpty
    }

    private func end(_ execution: UnstartedExecution) async {
        do throws(StoreError) {
            try await ends.submit(completionEvents.end(execution, wasQueued: true, by: name))
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
