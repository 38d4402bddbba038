internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Keeps this worker's place among the living, and buries the dead.
///
/// Each second it renews its own hold and looks for workers whose lock nobody holds. One that
/// was found so three times in a row is dead; its executions are taken over. Once is not enough:
/// when Postgres restarts every worker loses its lock for a moment.
public actor WorkerSupervisor: Service {
    private static let sightingsOfDeath = 3

    private let worker: String
    private let version: String
    private let registry: any WorkerRegistry
    private let ledger: ExecutionLedger
    private let pools: [WarmPool]
    private let engine: any SandboxEngine
    private let announcer: CompletionAnnouncer
    private let clock: any Clock<Duration>
    private let logger: Logger
    private var sightings: [String: Int] = [:]
    private var recorded: [SandboxRecord] = []
    private var inherited: [UnrunExecution] = []

    /// Describes a supervisor; the worker is registered by ``register()``.
    public init(
        worker: String,
        version: String,
        cluster: String,
        registry: any WorkerRegistry,
        ledger: ExecutionLedger,
        pools: [WarmPool],
        engine: any SandboxEngine,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.worker = worker
        self.version = version
        self.registry = registry
        self.ledger = ledger
        self.pools = pools
        self.engine = engine
        self.clock = clock
        self.logger = logger
        announcer = CompletionAnnouncer(cluster: cluster)
    }

    /// Enters the worker, and takes over what an earlier process with its id left; to be called
    /// before anything is claimed, since claims in its name would be taken for that.
    ///
    /// - Throws: ``StoreError/Code/workerIDTaken`` when a worker with this id is alive.
    public func register() async throws(StoreError) {
        try await registry.register(worker: worker, version: version)
        inherited = try await registry.reclaim(worker: worker, successor: worker)
    }

    /// Supervises until a graceful shutdown, then takes the worker's name off the list.
    ///
    /// It has to outlive the queue workers, and the ledger has to outlive it. When it is
    /// cancelled, or cannot take the name off, others find the dead worker by it.
    ///
    /// - Throws: ``StoreError/Code/workerIDTaken`` when another process took this worker's id
    ///   while Postgres was away.
    public func run() async throws {
        for quarantined in inherited { await end(quarantined) }
        try await withThrowingTaskGroup { group in
            group.addTask { try? await gracefulShutdown() }
            group.addTask { try await self.superviseEverySecond() }
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

    private func superviseEverySecond() async throws {
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            do throws(StoreError) {
                let abandoned = try await registry.heartbeat(worker: worker)
                await bury(abandoned)
                try await recordSandboxes()
            } catch {
                if error.code == .workerIDTaken { throw error }
                logger.warning(
                    "The worker's lease could not be renewed.",
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

    private func bury(_ abandoned: [String]) async {
        sightings = sightings.filter { abandoned.contains($0.key) }
        for dead in abandoned where dead != worker {
            sightings[dead, default: 0] += 1
            guard sightings[dead] == Self.sightingsOfDeath else { continue }
            logger.warning(
                "A worker is dead and its executions are taken over.",
                metadata: [LogKey.worker: "\(dead)"]
            )
            sightings[dead] = nil
            do {
                try await takeOver(dead)
                try await engine.removeOrphans(of: dead)
            } catch {
                logger.warning(
                    "What a dead worker left could not be taken over yet.",
                    metadata: [LogKey.worker: "\(dead)", LogKey.reason: "\(error)"]
                )
            }
        }
    }

    private func takeOver(_ dead: String) async throws(StoreError) {
        for quarantined in try await registry.reclaim(worker: dead, successor: worker) {
            await end(quarantined)
        }
    }

    private func end(_ quarantined: UnrunExecution) async {
        do throws(StoreError) {
            try await ledger.finish(announcer.end(quarantined, wasQueued: false, by: worker))
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
