import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import TestSupport
import Testing

@testable import SandmillService

@Suite("WorkerSupervisor", .timeLimit(.minutes(5)))
struct WorkerSupervisorTests {
    private let journal = Journal()
    private let broker: FakeBroker
    private let store: InMemoryStore
    private let engine: FakeEngine
    private let lease = WorkerLease(trust: .seconds(600))
    private let running = RunningExecutions()

    init() {
        broker = FakeBroker(journal: journal)
        store = InMemoryStore(journal: journal, speed: 20)
        engine = FakeEngine(journal: journal)
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
        #expect(beforeBurial.count { $0 == .soughtDead } == 3)
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

    @Test func anEngineThatHangsDelaysNeitherARenewalNorAnotherTakeover() async throws {
        for name in ["dead", "dead too"] { try await store.register(worker: name, version: "1") }
        let gate = Gate()
        engine.hang(until: gate)
        await store.kill("dead")
        try await supervise {
            await journal.wait(for: .removingOrphans(of: "dead"))
            await store.kill("dead too")
            await journal.wait(for: .reclaimed("dead too"))
            let beats = journal.count(of: .heartbeat)
            await journal.wait(for: .heartbeat, times: beats + 5)
            #expect(journal.count(of: .removedOrphans(of: "dead")) == 0)
            gate.open()
            await journal.wait(for: .removedOrphans(of: "dead too"))
        }
    }

    @Test func anEndThatTheStoreDoesNotTakeDelaysNoRenewal() async throws {
        let id = UUID()
        try await store.leaveKiller(id, by: "w1")
        await store.failFinishing(
            with: Array(repeating: StoreError(.unavailable, "away"), count: 1_000)
        )
        try await supervise {
            await journal.wait(for: .finishFailed)
            await journal.wait(for: .heartbeat, times: 5)
            await store.failFinishing(with: [])
            await journal.wait(for: .finished(id, .errored))
        }
    }

    @Test func theLeaseIsKeptWhileAWorkerIsNotReadyYet() async throws {
        let (supervisor, _) = makeSupervisor()
        try await supervisor.register()
        try await supervisor.keepLease { await journal.wait(for: .heartbeat, times: 3) }
    }

    @Test func whatAWorkerRunsByItsRecordAndDoesNotHoldIsPutBack() async throws {
        let id = UUID()
        try await supervise {
            // As of an earlier process: its claim commits when its successor has taken over.
            _ = try await store.claim([.sample(.sample(id), worker: "w1")])
            await journal.wait(for: .putBack(id))
            await journal.wait(for: .sent("python.normal"))
        }
        let looks = journal.entries.prefix { $0 != .putBack(id) }
            .drop { $0 != .claimed(id) }.count { $0 == .soughtLeftovers }
        #expect(looks >= 2)
        #expect(await store.executions[id]?.lostWorkers == 0)
    }

    @Test func whatAWorkerHoldsIsNotPutBack() async throws {
        let claim = try Claim.sample(.sample(UUID()), worker: "w1")
        try await supervise(holding: claim) {
            let looks = journal.count(of: .soughtLeftovers)
            await journal.wait(for: .soughtLeftovers, times: looks + 4)
        }
        #expect(await store.executions[claim.submission.id]?.record.state == .running)
    }

    @Test func whatASupervisorIsToEndIsNotPutBackMeanwhile() async throws {
        let id = UUID()
        try await store.leaveKiller(id, by: "dead")
        try await store.register(worker: "dead", version: "1")
        await store.failFinishing(
            with: Array(repeating: StoreError(.unavailable, "away"), count: 1_000)
        )
        await store.kill("dead")
        try await supervise {
            await journal.wait(for: .finishFailed)
            let looks = journal.count(of: .soughtLeftovers)
            await journal.wait(for: .soughtLeftovers, times: looks + 4)
            await store.failFinishing(with: [])
            await journal.wait(for: .finished(id, .errored))
        }
        #expect(journal.count(of: .putBack(id)) == 0)
    }

    @Test func aQuarantinedExecutionWhoseEndWasNotWrittenIsEndedLater() async throws {
        let id = UUID()
        try await store.leaveKiller(id, by: "w1")
        // In a group, and by itself.
        await store.failFinishing(
            with: Array(repeating: StoreError(.unstorable, "what cannot be stored"), count: 2)
        )
        try await supervise {
            await journal.wait(for: .putBack(id))
            await journal.wait(for: .finished(id, .errored))
        }
    }

    @Test func theRecordLearnsOnceThatWhatRunsHasStarted() async throws {
        let claim = try Claim.sample(.sample(UUID()), worker: "w1")
        let id = claim.submission.id
        let start = Date(timeIntervalSince1970: 1_764_000_000)
        running.add(
            id,
            attempt: 1,
            waitingFor: WarmPool(
                .sample(spare: 0),
                of: .sample,
                worker: "w1",
                engine: engine,
                logger: .silent
            )
        )
        running.begin(RunningAttempt(id: id, attempt: 1, token: claim.token, startedAt: start))
        try await supervise(holding: claim) {
            await journal.wait(for: .markedSandboxed(id))
            await journal.wait(times: 3) { $0 == .heartbeat }
        }
        #expect(journal.count(of: .markedSandboxed(id)) >= 1)
        #expect(running.unnotedStarts.isEmpty)
        let record = try #require(await store.executions[id]?.record)
        #expect(record.told.state == .running && record.startedAt == start)
    }

    @Test func anExecutionThatLostThreeWorkersEndsAsWorkerKiller() async throws {
        let id = UUID()
        let request = RequestMessage.sample(id)
        for worker in ["a", "b", "c"] {
            try await store.register(worker: worker, version: "1")
            let claim = try Claim.sample(request, worker: worker)
            _ = try await store.claim([claim])
            let attempts = try await store.runningAttempts(of: worker)
            try await store.markSandboxed(attempts)
            await store.kill(worker)
            if worker != "c" {
                _ = try await store.reclaim(worker: worker, successor: "x", token: .random())
            }
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
        let claim = try Claim.sample(.sample(UUID()), worker: "w1")
        try await supervise(holding: claim) { await journal.wait(for: .heartbeat) }
        #expect(try await store.abandonedWorkers() == ["w1"])
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
            lease: lease,
            pools: [],
            running: running,
            engine: engine,
            clock: HastyClock(),
            logger: .silent
        )
        return (supervisor, [relay, ledger, supervisor])
    }

    /// Supervises while `body` runs, then shuts down gracefully and waits for the end.
    private func supervise(
        holding claim: Claim? = nil,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let (supervisor, services) = makeSupervisor()
        try await supervisor.register()
        if let claim {
            for case let ledger as ExecutionLedger in services { ledger.held.hold(claim.token) }
            _ = try await store.claim([claim])
        }
        let group = ServiceGroup(services: services, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

extension InMemoryStore {
    /// Leaves an execution that has lost too many workers to a worker that does not run.
    fileprivate func leaveKiller(_ id: UUID, by worker: String) async throws {
        _ = try await claim([.sample(.sample(id), worker: worker)])
        executions[id]?.lostWorkers = 3
    }
}
