import Logging
import SandmillEntity
import SandmillService
import ServiceLifecycle
import TestSupport

/// A whole worker on fakes: what a message meets from its delivery to its event.
struct WorkerHarness {
    let journal: Journal
    let broker: FakeBroker
    let store: InMemoryStore
    let engine: FakeEngine
    let results: InMemoryResults
    let lease: WorkerLease
    let ledger: ExecutionLedger
    private let relay: Relay

    /// The worker has its lease for as long as `trust` says; by default longer than any test takes.
    init(
        speed: Double = 20,
        trust: Duration = .seconds(600),
        behaviour: FakeEngine.Behaviour? = nil
    ) {
        let journal = Journal()
        self.journal = journal
        broker = FakeBroker(journal: journal)
        store = InMemoryStore(journal: journal, speed: speed)
        engine =
            behaviour.map { FakeEngine(journal: journal, behaviour: $0) }
            ?? FakeEngine(journal: journal)
        results = InMemoryResults(journal: journal)
        lease = WorkerLease(trust: trust)
        lease.renew(at: .now)
        relay = Relay(
            worker: "w1",
            outbox: store,
            publisher: broker,
            clock: HastyClock(),
            logger: .silent
        )
        ledger = ExecutionLedger(
            store: store,
            letters: store,
            results: results,
            relay: relay,
            patience: .zero,
            logger: .silent
        )
    }

    /// Runs the worker while `body` does, then shuts it down gracefully and waits for its end.
    func run<Value: Sendable>(
        concurrency: Int = 4,
        window: Int = 10_000,
        patience: Duration = .seconds(600),
        spare: Int = 1,
        _ body: @Sendable @escaping (ServiceGroup) async throws -> Value
    ) async throws -> Value {
        let (worker, others) = makeServices(
            concurrency: concurrency,
            window: window,
            patience: patience,
            spare: spare
        )
        return try await run(others + [worker], while: body)
    }

    /// Runs the worker with a gateway in its process while `body` does, which gets what takes requests in.
    func runAtHand(
        concurrency: Int = 4,
        window: Int = 10_000,
        _ body: @Sendable @escaping (Admissions, ServiceGroup) async throws -> Void
    ) async throws {
        let (worker, others) = makeServices(
            concurrency: concurrency,
            window: window,
            patience: .seconds(600),
            spare: 1
        )
        let admissions = Admissions(
            worker: "w1",
            decoders: ["python": .sample],
            store: store,
            relay: relay
        )
        try await run(others + [admissions, worker]) { group in
            try await body(admissions.handing(to: ["python": worker]), group)
        }
    }

    /// Runs everything but the queue worker while `body` does, which gets that.
    func runWithoutWorker(
        _ body: @Sendable @escaping (QueueWorker) async throws -> Void
    ) async throws {
        let (worker, others) = makeServices(
            concurrency: 4,
            window: 10_000,
            patience: .seconds(600),
            spare: 1
        )
        try await run(others) { _ in try await body(worker) }
    }

    private func run<Value: Sendable>(
        _ services: [any Service],
        while body: @Sendable @escaping (ServiceGroup) async throws -> Value
    ) async throws -> Value {
        let group = ServiceGroup(services: services, logger: .silent)
        return try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            let value = try await body(group)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    private func makeServices(
        concurrency: Int,
        window: Int,
        patience: Duration,
        spare: Int
    ) -> (QueueWorker, [any Service]) {
        let worker = "w1"
        let pool = WarmPool(
            .sample(spare: spare),
            of: .sample,
            worker: worker,
            engine: engine,
            logger: .silent
        )
        let running = RunningExecutions()
        let queueWorker = QueueWorker(
            QueueWorker.Configuration(
                worker: worker,
                cluster: "test",
                prefetch: 1_000,
                concurrency: concurrency,
                refill: 1,
                window: window,
                windowSize: .zero,
                patience: patience,
                maximumAttempts: 3,
                killsOnExcessOutput: false
            ),
            decoder: .sample,
            source: broker,
            lease: lease,
            ledger: ledger,
            pool: pool,
            results: results,
            running: running,
            clock: HastyClock(),
            logger: .silent
        )
        let sweeper = Sweeper(
            name: worker,
            cluster: "test",
            executions: store,
            cancellations: store,
            relay: relay,
            messageTimeout: .seconds(300),
            clock: HastyClock(),
            logger: .silent
        )
        let decidedEnds = CancellationWatcher(
            worker: worker,
            cancellations: store,
            running: running,
            clock: HastyClock(),
            logger: .silent
        )
        return (queueWorker, [relay, ledger, sweeper, decidedEnds, pool])
    }
}
