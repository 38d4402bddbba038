internal import Backoff
internal import FoundationEssentials
public import Logging
public import SandmillEntity
public import ServiceLifecycle

/// Keeps the sandboxes of one pool: performs what ``SandboxPool`` decides.
///
/// Every decision is the value's. This actor starts, probes and destroys sandboxes, each in a
/// child task of ``run()``, and tells the value what came of it. While the engine cannot start
/// any, whoever waits for a sandbox goes on waiting: no attempt is spent on a missing engine.
public actor WarmPool: Service {
    private struct Grant {
        let id: SandboxPool.SandboxID
        let settingMemory: ByteCount?
    }

    /// An execution that waits for a sandbox.
    private struct Waiter {
        let execution: UUID
        let continuation: CheckedContinuation<Grant?, Never>
    }

    /// A sandbox, and whose program it runs.
    private struct Member {
        let sandbox: any Sandbox
        var execution: UUID?
    }

    /// What the pool is called.
    public nonisolated let name: String
    /// The most programs that it runs at once.
    nonisolated let maximum: Int
    private let specification: SandboxSpecification
    private let worker: String
    private let engine: any SandboxEngine
    private let logger: Logger
    private let clock = ContinuousClock()
    private let origin: ContinuousClock.Instant
    private let actions: AsyncStream<SandboxPool.Action>
    private let queueAction: AsyncStream<SandboxPool.Action>.Continuation

    private var pool: SandboxPool
    private var sandboxes: [SandboxPool.SandboxID: Member] = [:]
    private var waiters: [SandboxPool.WaiterID: Waiter] = [:]
    private var startFailures = Backoff(initial: .milliseconds(500), maximum: .seconds(15))
    private var isFailing = false
    private var isDraining = false
    private let metrics: SandboxMetrics

    /// Describes a pool; it is filled once ``run()`` is called.
    public init(
        _ configuration: SandboxPool.Configuration,
        of specification: SandboxSpecification,
        worker: String,
        engine: any SandboxEngine,
        logger: Logger
    ) {
        self.specification = specification
        self.worker = worker
        self.engine = engine
        self.logger = logger
        pool = SandboxPool(configuration, memory: specification.memory)
        name = specification.pool
        maximum = configuration.maximum
        metrics = SandboxMetrics(pool: specification.pool)
        origin = clock.now
        (actions, queueAction) = AsyncStream.makeStream()
    }

    /// Keeps the pool until a graceful shutdown, then until every sandbox is gone.
    public func run() async throws {
        perform(pool.start())
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await gracefulShutdown()
                await self.drain()
            }
            group.addTask { await self.inspectRegularly() }
            for await action in actions {
                group.addTask { await self.carryOut(action) }
            }
            group.cancelAll()
        }
    }

    /// Whether there are sandboxes, or they can be started as far as is known.
    var isServiceable: Bool { !isFailing || !sandboxes.isEmpty }

    /// Waits until sandboxes can be started, if they cannot be now, or until the worker is to stop.
    func waitUntilServiceable() async {
        while !isServiceable, !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(200))
        }
    }

    /// Whether the engine answers now.
    func isEngineAvailable() async -> Bool {
        do throws(SandboxError) {
            try await engine.checkAvailable()
            return true
        } catch {
            return false
        }
    }

    /// Hands out a sandbox for an execution, with its memory limit set.
    ///
    /// `cost`, from 1, is what the tenant pays in turns, `age` how long the execution has waited.
    ///
    /// - Throws: `CancellationError`, also once the pool is drained and after
    ///   ``giveUpWaiting(for:)``; ``SandboxError`` when the limit could not be set.
    func lease(
        for submission: Submission,
        cost: Int = 1,
        age: Duration = .zero
    ) async throws -> SandboxLease {
        while true {
            guard
                let grant = await grant(submission, cost: cost, age: age),
                let sandbox = sandboxes[grant.id]?.sandbox
            else { throw CancellationError() }
            sandboxes[grant.id]?.execution = submission.id
            let lease = SandboxLease(id: grant.id, sandbox: sandbox)
            if sandbox.isLost {
                release(lease, reusable: false)
                continue
            }
            guard let memory = grant.settingMemory else { return lease }
            do throws(SandboxError) {
                try await sandbox.setMemoryLimit(memory)
                return lease
            } catch {
                release(lease, reusable: false)
                throw error
            }
        }
    }

    /// Takes a sandbox back, `reusable` when it was proved clean, of a program that has written so much.
    func release(_ lease: SandboxLease, reusable: Bool, written: ByteCount = .zero) {
        sandboxes[lease.id]?.execution = nil
        perform(pool.release(lease.id, reusable: reusable, written: written, at: now))
    }

    /// Ends an execution's wait for a sandbox, if it waits for one.
    func giveUpWaiting(for execution: UUID) {
        for (id, waiter) in waiters where waiter.execution == execution { abandon(id) }
    }

    /// What every sandbox is doing.
    func records() -> [SandboxRecord] {
        pool.sandboxes.sorted { $0.key < $1.key }.map { id, sandbox in
            SandboxRecord(
                worker: worker,
                pool: specification.pool,
                container: sandboxes[id]?.sandbox.id,
                state: sandbox.phase.word,
                tenant: sandbox.tenant,
                uses: sandbox.uses,
                memory: sandbox.memory,
                execution: sandboxes[id]?.execution
            )
        }
    }

    /// How many programs it runs now, and how many more it could.
    public func slots() -> (busy: Int, free: Int) {
        let busy = pool.sandboxes.values.count { $0.phase == .leased }
        return (busy, max(maximum - busy, 0))
    }

    private var now: Duration { clock.now - origin }

    private func grant(_ submission: Submission, cost: Int, age: Duration) async -> Grant? {
        guard !isDraining else { return nil }
        let (waiter, actions) = pool.lease(
            tenant: submission.tenant,
            memory: submission.program.limits.memory,
            isolation: submission.isolation,
            level: submission.level,
            cost: cost,
            age: age,
            at: now
        )
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters[waiter] = Waiter(execution: submission.id, continuation: continuation)
                perform(actions)
                if Task.isCancelled { abandon(waiter) }
            }
        } onCancel: {
            // Not awaited: it only ends the wait above.
            Task { await abandon(waiter) }
        }
    }

    private func abandon(_ waiter: SandboxPool.WaiterID) {
        guard let abandoned = waiters.removeValue(forKey: waiter) else { return }
        abandoned.continuation.resume(returning: nil)
        perform(pool.cancel(waiter))
    }

    private func perform(_ actions: [SandboxPool.Action]) {
        for action in actions {
            if case .grant(let id, let waiter, let settingMemory) = action {
                let grant = Grant(id: id, settingMemory: settingMemory)
                waiters.removeValue(forKey: waiter)?.continuation.resume(returning: grant)
            } else {
                queueAction.yield(action)
            }
        }
        if isDraining, pool.isEmpty { queueAction.finish() }
    }

    private func carryOut(_ action: SandboxPool.Action) async {
        switch action {
        case .create(let id): await create(id)
        case .destroy(let id): await destroy(id)
        case .probe(let id): await probe(id)
        case .grant: break
        }
    }

    private func create(_ id: SandboxPool.SandboxID) async {
        do throws(SandboxError) {
            let sandbox = try await engine.start(specification)
            sandboxes[id] = Member(sandbox: sandbox)
            metrics.countStart()
            isFailing = false
            startFailures.reset()
            perform(pool.didStart(id, at: now))
        } catch {
            isFailing = true
            metrics.countStartFailure()
            logger.error(
                "A sandbox could not be started.",
                metadata: [
                    LogKey.pool: "\(specification.pool)", LogKey.reason: "\(error.message)",
                ]
            )
            // It counts as starting while it waits, so that nobody starts another in its place.
            let wait = startFailures.next()
            try? await cancelWhenGracefulShutdown { [clock] in try await clock.sleep(for: wait) }
            pool.didFailToStart(id)
            perform(pool.replenish())
            // With nobody left who needs one, only the next who does finds out whether it can be had.
            if pool.isEmpty { isFailing = false }
        }
    }

    private func destroy(_ id: SandboxPool.SandboxID) async {
        await sandboxes[id]?.sandbox.destroy()
        sandboxes[id] = nil
        metrics.countRemoval(pool.sandboxes[id]?.retirement)
        perform(pool.didDestroy(id))
    }

    private func probe(_ id: SandboxPool.SandboxID) async {
        guard let sandbox = sandboxes[id]?.sandbox else { return }
        do throws(SandboxError) {
            try await sandbox.probe()
            perform(pool.didProbe(id, isHealthy: true, at: now))
        } catch {
            logger.warning(
                "A sandbox failed its health probe and is replaced.",
                metadata: [
                    LogKey.sandbox: "\(sandbox.id)", LogKey.reason: "\(error.message)",
                ]
            )
            perform(pool.didProbe(id, isHealthy: false, at: now))
        }
    }

    /// Looks at the pool every second, and every tenth of one while anybody waits.
    private func inspectRegularly() async {
        var tenths = 0
        while (try? await clock.sleep(for: .milliseconds(100))) != nil {
            tenths += 1
            if pool.waiterCount > 0 || tenths >= 10 {
                perform(pool.inspect(at: now))
                tenths = 0
            }
        }
    }

    private func drain() {
        isDraining = true
        perform(pool.drain())
        for waiter in waiters.keys { abandon(waiter) }
    }
}

extension SandboxPool.Phase {
    /// The phase as operators read it.
    fileprivate var word: String {
        switch self {
        case .starting: "starting"
        case .idle, .probed: "idle"
        case .leased: "leased"
        case .retiring: "retiring"
        }
    }
}
