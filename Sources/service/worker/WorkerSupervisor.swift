internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Keeps this worker's place among the living, and takes over what the dead have left.
///
/// Each second it renews its own hold and looks for workers whose lock nobody holds. One that
/// was found so three times in a row is dead; its executions are taken over. Once is not enough:
/// when Postgres restarts every worker loses its lock for a moment.
///
/// Nothing that it does for others, and no engine, delays a renewal: each has a task of its own.
public actor WorkerSupervisor: Service {
    private static let sightingsOfDeath = 3
    private static let leftoverInterval: Duration = .seconds(10)
    private static let reportInterval: Duration = .seconds(10)

    private let worker: String
    private let version: String
    private let registry: any WorkerRegistry
    private let ledger: ExecutionLedger
    private let lease: WorkerLease
    private let pools: [WarmPool]
    private let running: RunningExecutions
    private let runtimes: [String: [String]]
    private let engine: any SandboxEngine
    private let completionEvents: CompletionEventFactory
    private let clock: any Clock<Duration>
    private let logger: Logger
    private var sightings: [String: Int] = [:]
    private var takeovers: Set<String> = []
    private var recorded: [SandboxRecord] = []
    private var inherited: [UnstartedExecution] = []
    /// What this worker runs by the record and does not hold, at the last look.
    private var suspects: Set<RunningAttempt> = []
    /// Names what an earlier process of this worker left to be ended.
    private let inheritance = UUID.random()
    private let reports: Poller
    private var isDrained = false

    /// Describes a supervisor, which tells others of `runtimes`, what its pools run.
    ///
    /// The worker is registered by ``register()``.
    public init(
        worker: String,
        version: String,
        cluster: String,
        registry: any WorkerRegistry,
        ledger: ExecutionLedger,
        lease: WorkerLease,
        pools: [WarmPool],
        running: RunningExecutions,
        runtimes: [String: [String]] = [:],
        engine: any SandboxEngine,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.worker = worker
        self.version = version
        self.registry = registry
        self.ledger = ledger
        self.lease = lease
        self.pools = pools
        self.running = running
        self.runtimes = runtimes
        self.engine = engine
        self.clock = clock
        self.logger = logger
        completionEvents = CompletionEventFactory(cluster: cluster)
        reports = Poller(every: Self.reportInterval, clock: clock, logger: logger)
    }

    /// Enters the worker, and takes over what an earlier process with its id left; to be called
    /// before anything is claimed, since claims in its name would be taken for that.
    ///
    /// - Throws: ``StoreError/Code/workerIDTaken`` when a worker with this id is alive.
    public func register() async throws(StoreError) {
        try await registry.register(worker: worker, version: version)
        ledger.held.hold(inheritance)
        inherited = try await registry.reclaim(
            worker: worker,
            successor: worker,
            token: inheritance
        )
    }

    /// Keeps the lease while `body` does what is to be done before the worker runs.
    ///
    /// - Throws: What `body` throws, and as ``run()``.
    public func keepLease(while body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await body() }
            group.addTask { try await self.renewEverySecond() }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Supervises until a graceful shutdown, then takes the worker's name off the list.
    ///
    /// It has to outlive the queue workers, and the ledger has to outlive it. When it is
    /// cancelled, or cannot take the name off, others find the dead worker by it.
    ///
    /// - Throws: ``StoreError/Code/workerIDTaken`` when another process took this worker's id
    ///   while Postgres was away.
    public func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try? await gracefulShutdown() }
            group.addTask { try await self.renewEverySecond() }
            group.addTask { await self.superviseOthers() }
            try await group.next()
            group.cancelAll()
        }
        if Task.isCancelled { return }
        do throws(StoreError) {
            try await registry.deregister(worker: worker)
        } catch {
            logger.warning(
                "The worker's name is still on the list.",
                metadata: [LogKey.reason: "\(error.message)"]
            )
        }
    }

    private func renewEverySecond() async throws {
        var report = FailureReport()
        while !Task.isCancelled {
            do throws(StoreError) {
                lease.renew(at: try await registry.heartbeat(worker: worker))
                report.end()
            } catch {
                if error.code == .workerIDTaken { throw error }
                if Task.isCancelled { return }
                if report.isDue() {
                    logger.warning(
                        "The worker's lease could not be renewed.",
                        metadata: [LogKey.reason: "\(error.message)"]
                    )
                }
            }
            try? await clock.sleep(for: .seconds(1))
        }
    }

    private func superviseOthers() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.endInherited() }
            // The first is for those who look at once.
            reports.lookSoon()
            group.addTask { await self.reports.run([{ try await self.report() }]) }
            group.addTask {
                await self.repeatedly(every: .seconds(1), self.recordSandboxes)
            }
            group.addTask { await self.repeatedly(every: .seconds(1), self.noteStarts) }
            group.addTask {
                await self.repeatedly(every: Self.leftoverInterval, self.putBackLeftovers)
            }
            await repeatedly(every: .seconds(1)) { () async throws(StoreError) in
                for dead in try await findDead() { group.addTask { await self.takeOver(dead) } }
            }
        }
    }

    /// Has it look whether the worker is to drain, if `worker` is it.
    nonisolated func reportSoon(ifItIs worker: String) {
        if worker == self.worker { reports.lookSoon() }
    }

    /// Tells what the worker has, and heeds whether it is to take more; each second while it is not done with that.
    private func report() async throws(StoreError) {
        while true {
            let isEmpty = lease.isDraining && ledger.held.isEmpty
            let report = WorkerReport(
                slots: Dictionary(uniqueKeysWithValues: pools.map { ($0.name, $0.maximum) }),
                runtimes: runtimes,
                unacknowledged: ledger.deliveries.counts,
                isDrained: isEmpty
            )
            let isDraining = try await registry.report(report, of: worker)
            note(isDraining: isDraining, isDrained: isDraining && isEmpty)
            guard lease.isDraining, !isDrained else { return }
            guard (try? await clock.sleep(for: .seconds(1))) != nil else { return }
        }
    }

    private func note(isDraining: Bool, isDrained: Bool) {
        if isDraining != lease.isDraining {
            lease.drain(isDraining)
            logger.notice(
                isDraining
                    ? "The worker takes nothing more, and finishes what it has."
                    : "The worker takes executions again.",
                metadata: [LogKey.worker: "\(worker)"]
            )
        }
        if isDrained, !self.isDrained {
            logger.notice(
                "The worker is drained: it holds nothing, and can be stopped.",
                metadata: [LogKey.worker: "\(worker)"]
            )
        }
        self.isDrained = isDrained
    }

    private func repeatedly(
        every interval: Duration,
        _ body: () async throws(StoreError) -> Void
    ) async {
        var report = FailureReport()
        while (try? await clock.sleep(for: interval)) != nil {
            do throws(StoreError) {
                try await body()
                report.end()
            } catch {
                guard report.isDue() else { continue }
                logger.warning(
                    "What workers leave could not be looked through.",
                    metadata: [LogKey.reason: "\(error.message)"]
                )
            }
        }
    }

    private func recordSandboxes() async throws(StoreError) {
        var records: [SandboxRecord] = []
        for pool in pools { records += await pool.records() }
        guard records != recorded else { return }
        try await registry.record(sandboxes: records, worker: worker)
        recorded = records
    }

    /// Has the record say of what runs that it has started.
    ///
    /// What ends within a second costs no such write: its end says when it started.
    private func noteStarts() async throws(StoreError) {
        let starts = running.unnotedStarts
        guard !starts.isEmpty else { return }
        try await ledger.note(started: starts)
        running.note(started: starts)
    }
}

// MARK: - Dead workers

extension WorkerSupervisor {
    /// Looks once, and returns who is dead by now and is not being taken over yet.
    private func findDead() async throws(StoreError) -> [String] {
        let abandoned = try await registry.abandonedWorkers()
        sightings = sightings.filter { abandoned.contains($0.key) }
        for name in abandoned where name != worker { sightings[name, default: 0] += 1 }
        return sightings.filter { $0.value >= Self.sightingsOfDeath }.keys
            .filter { takeovers.insert($0).inserted }
    }

    private func takeOver(_ dead: String) async {
        logger.warning(
            "A worker is dead and its executions are taken over.",
            metadata: [LogKey.worker: "\(dead)"]
        )
        do {
            try await takeOverExecutions(of: dead)
            try await engine.removeOrphans(of: dead)
        } catch {
            logger.warning(
                "What a dead worker left could not be taken over yet.",
                metadata: [LogKey.worker: "\(dead)", LogKey.reason: "\(error)"]
            )
        }
    }

    private func takeOverExecutions(of dead: String) async throws(StoreError) {
        let token = UUID.random()
        ledger.held.hold(token)
        defer {
            ledger.held.letGo(token)
            sightings[dead] = nil
            takeovers.remove(dead)
        }
        let quarantined = try await registry.reclaim(worker: dead, successor: worker, token: token)
        Occurrence.countExpiredLease()
        await end(quarantined)
    }

    private func endInherited() async {
        await end(inherited)
        inherited = []
        ledger.held.letGo(inheritance)
    }

    private func end(_ quarantined: [UnstartedExecution]) async {
        await withDiscardingTaskGroup { group in
            for execution in quarantined { group.addTask { await self.end(execution) } }
        }
    }

    private func end(_ quarantined: UnstartedExecution) async {
        do throws(StoreError) {
            try await ledger.finish(completionEvents.end(quarantined, wasQueued: false, by: worker))
        } catch {
            logger.error(
                "The end of a quarantined execution could not be written.",
                metadata: [
                    LogKey.execution: "\(quarantined.record.id.text)",
                    LogKey.reason: "\(error.message)",
                ]
            )
        }
    }
}

// MARK: - Leftovers of this worker

extension WorkerSupervisor {
    /// Puts back what this worker runs by its record, and did not hold at the last look either.
    ///
    /// A claim that a dead process of this worker had sent may commit long after its successor has
    /// taken over; an end may be one that no store takes. The store is read first: what is claimed after that
    /// is not looked at, and what ends after that is let alone by ``WorkerRegistry/putBack(_:of:token:)``.
    private func putBackLeftovers() async throws(StoreError) {
        let unheld = Set(
            try await registry.runningAttempts(of: worker)
                .filter { attempt in attempt.token.map { !ledger.held.contains($0) } ?? true }
        )
        let leftovers = unheld.intersection(suspects)
        suspects = unheld
        guard !leftovers.isEmpty else { return }
        logger.warning(
            "Executions that this worker had claimed and does not run go back to their queue.",
            metadata: [LogKey.count: "\(leftovers.count)"]
        )
        let token = UUID.random()
        ledger.held.hold(token)
        defer { ledger.held.letGo(token) }
        await end(try await registry.putBack(Array(leftovers), of: worker, token: token))
    }
}
