import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import Testing

@testable import SandmillService

@Suite("WorkerSupervisor", .timeLimit(.minutes(1)))
struct WorkerSupervisorTests {
    private let journal = Journal()
    private let broker: FakeBroker
    private let store: InMemoryStore

    init() {
        broker = FakeBroker(journal: journal)
        store = InMemoryStore(journal: journal, speed: 20)
    }

    @Test func aWorkerWhoseIDIsTakenDoesNotStart() async throws {
        try await store.register(worker: "w1", version: "1")
        await #expect(throws: StoreError.self) { try await supervise {} }
    }

    @Test func aDeadWorkersExecutionsAreTakenOver() async throws {
        let id = UUID()
        try await store.register(worker: "dead", version: "1")
        _ = try await store.claim([.sample(.sample(id), worker: "dead")])
        await store.kill("dead")
        try await supervise {
            await journal.wait(for: .reclaimed("dead"))
            await journal.wait(for: .sent("python.normal"))
        }
        #expect(await store.executions[id]?.record.state == .queued)
    }

    @Test func aWorkerThatIsSeenDeadOnceOrTwiceIsNotBuriedYet() async throws {
        try await store.register(worker: "dead", version: "1")
        await store.kill("dead")
        try await supervise { await journal.wait(for: .reclaimed("dead")) }
        let beforeBurial = journal.entries.prefix { $0 != .reclaimed("dead") }
        #expect(beforeBurial.count { $0 == .heartbeat } == 3)
    }

    @Test func aTakeoverThatFailedIsTriedAgain() async throws {
        try await store.register(worker: "dead", version: "1")
        try await supervise {
            let away = StoreError(.unavailable, "away")
            await store.failReclaiming(with: [away, away])
            await store.kill("dead")
            await journal.wait(for: .reclaimed("dead"))
        }
        #expect(journal.count(of: .reclaimFailed) == 2)
        #expect(await store.workers["dead"] == nil)
    }

    @Test func aStoreThatIsAwayForAWhileIsAskedAgain() async throws {
        try await store.register(worker: "dead", version: "1")
        try await supervise {
            await store.fail(with: Array(repeating: StoreError(.unavailable, "away"), count: 9))
            await store.kill("dead")
            await journal.wait(for: .reclaimed("dead"))
        }
        #expect(await store.workers["dead"] == nil)
    }

    @Test func whatAnEarlierProcessLeftIsTakenOverBeforeAnythingIsClaimed() async throws {
        let id = UUID()
        _ = try await store.claim([.sample(.sample(id), worker: "w1")])
        let (supervisor, _) = makeSupervisor()
        try await supervisor.register()
        #expect(await store.executions[id]?.record.state == .queued)
        #expect(await store.workers["w1"]?.isAlive == true)
    }

    @Test func theContainersOfADeadWorkerAreRemoved() async throws {
        try await store.register(worker: "dead", version: "1")
        await store.kill("dead")
        try await supervise { await journal.wait(for: .removedOrphans(of: "dead")) }
        #expect(!journal.entries.contains(.removedOrphans(of: "w1")))
    }

    @Test func anExecutionThatLostThreeWorkersEndsAsWorkerKiller() async throws {
        let id = UUID()
        let request = RequestMessage.sample(id)
        for worker in ["a", "b", "c"] {
            try await store.register(worker: worker, version: "1")
            _ = try await store.claim([.sample(request, worker: worker)])
            await store.kill(worker)
            if worker != "c" { _ = try await store.reclaim(worker: worker, successor: "x") }
        }
        try await supervise { await journal.wait(for: .finished(id, .errored)) }
        #expect(await store.executions[id]?.record.reason == "worker_killer")
        #expect(broker.published.contains { $0.routingKey == "execution.errored.python.default" })
    }

    @Test func aGracefulShutdownTakesTheNameOffTheList() async throws {
        try await supervise { await journal.wait(for: .heartbeat) }
        #expect(await store.workers["w1"] == nil)
    }

    @Test func aWorkerThatLeavesExecutionsBehindIsFoundDead() async throws {
        let id = UUID()
        try await supervise {
            await journal.wait(for: .heartbeat)
            _ = try await store.claim([.sample(.sample(id), worker: "w1")])
        }
        #expect(try await store.heartbeat(worker: "w2") == ["w1"])
    }

    @Test func cancellationLeavesTheNameForOthersToFind() async throws {
        let (supervisor, _) = makeSupervisor()
        try await supervisor.register()
        let run = Task { try await supervisor.run() }
        await journal.wait(for: .heartbeat)
        run.cancel()
        _ = await run.result
        #expect(await store.workers["w1"] != nil)
    }

    private func makeSupervisor() -> (WorkerSupervisor, [any Service]) {
        let relay = Relay(
            worker: "w1",
            outbox: store,
            publisher: broker,
            clock: HastyClock(),
            logger: .silent
        )
        let ledger = ExecutionLedger(
            store: store,
            letters: store,
            results: InMemoryResults(journal: journal),
            relay: relay,
            logger: .silent
        )
        let supervisor = WorkerSupervisor(
            worker: "w1",
            version: "1",
            cluster: "test",
            registry: store,
            ledger: ledger,
            pools: [],
            engine: FakeEngine(journal: journal),
            clock: HastyClock(),
            logger: .silent
        )
        return (supervisor, [relay, ledger, supervisor])
    }

    /// Supervises while `body` runs, then shuts down gracefully and waits for the end.
    private func supervise(_ body: @Sendable () async throws -> Void) async throws {
        let (supervisor, services) = makeSupervisor()
        try await supervisor.register()
        let group = ServiceGroup(services: services, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
