import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

@Suite("The worker registry", .serialized, .timeLimit(.minutes(2)))
struct WorkerRegistryTests {
    private func registry(
        _ store: RecordStore,
        of worker: String
    ) async throws -> PostgreSQLWorkerRegistry {
        let registry = PostgreSQLWorkerRegistry(store.database)
        try await registry.register(worker: worker, version: "1.0")
        return registry
    }

    /// Ends the session that holds a worker's lock, as the death of its process does.
    private func kill(_ worker: String, _ store: RecordStore) async throws {
        let killed = try await store.pool.query(
            """
            select pg_terminate_backend(pid, 5000) from pg_locks
            where locktype = 'advisory' and objsubid = 1
                and (classid::int8 << 32 | objid::int8) = hashtextextended($1, 0)
            """,
            ["sandmill \(store.database.schema) worker \(worker)"]
        )
        #expect(killed.count == 1)
    }

    /// It notices the end of its session when it has come to it.
    private func beatUntilFailure(_ registry: PostgreSQLWorkerRegistry) async throws {
        while true {
            try Task.checkCancellation()
            _ = try await registry.heartbeat(worker: "a")
        }
    }

    @Test func whatADeadWorkerCommittedAfterItWasBuriedIsTakenOverToo() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample(worker: "buried")
            _ = try await store.claim(claim)
            try await store.pool.query(
                "update executions set started_at = started_at - interval '1 min'"
            )
            let registry = PostgreSQLWorkerRegistry(store.database)
            try await registry.register(worker: "survivor", version: "1")
            #expect(try await registry.heartbeat(worker: "survivor") == ["buried"])
            #expect(try await registry.reclaim(worker: "buried", successor: "survivor").isEmpty)
            #expect(try await registry.heartbeat(worker: "survivor").isEmpty)
            #expect(try await store.executions.execution(claim.submission.id)?.state == .queued)
            #expect(try await store.claim(claim.redelivered()) == 2)
            try await registry.deregister(worker: "survivor")
        }
    }

    @Test func aSecondWorkerWithTheSameIDIsRefused() async throws {
        try await RecordStore.with { store in
            let first = try await registry(store, of: "a")
            let second = PostgreSQLWorkerRegistry(store.database)
            let error = try await storeFailure {
                try await second.register(worker: "a", version: "1.0")
            }
            #expect(error.code == .workerIDTaken)
            try await first.deregister(worker: "a")
            #expect(try await store.value("select count(*) from workers") == 0)
            try await second.register(worker: "a", version: "1.0")
            try await second.deregister(worker: "a")
        }
    }

    @Test func aWorkerWhoseProcessIsGoneIsFoundAtOnce() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let b = try await registry(store, of: "b")
            #expect(try await b.heartbeat(worker: "b").isEmpty)
            try await kill("a", store)
            #expect(try await b.heartbeat(worker: "b") == ["a"])
            // It was only cut off, and takes its lock again.
            while try await b.heartbeat(worker: "b") == ["a"], !Task.isCancelled {
                _ = try await a.heartbeat(worker: "a")
            }
            #expect(try await b.heartbeat(worker: "b").isEmpty)
        }
    }

    @Test func aWorkerWhoseLeaseEndedIsDeadThoughItsSessionStands() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let b = try await registry(store, of: "b")
            try await store.pool.query("update workers set expires_at = now() where id = 'a'")
            #expect(try await b.heartbeat(worker: "b") == ["a"])
            try await a.deregister(worker: "a")
        }
    }

    @Test func aLeaseIsRenewedWhileMostOfItIsLeft() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let rest = "select extract(epoch from expires_at - now())::float8 from workers"
            var (last, lowest) = (30.0, 30.0)
            while last <= lowest, !Task.isCancelled {
                lowest = last
                try await ContinuousClock().sleep(for: .milliseconds(100))
                _ = try await a.heartbeat(worker: "a")
                last = try await store.value(rest)
            }
            #expect(lowest > 10)
            try await a.deregister(worker: "a")
        }
    }

    @Test func aWorkerTakenForDeadEntersItselfAgain() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            try await store.pool.query("delete from workers")
            try await kill("a", store)
            // It notices the end of its session when it has come to it.
            while try await store.pool.query("select from workers").isEmpty, !Task.isCancelled {
                #expect(try await a.heartbeat(worker: "a").isEmpty)
            }
            #expect(try await store.value("select id from workers") == "a")
        }
    }

    @Test func aWorkerWhoseIDWasTakenWhileItWasCutOffIsTold() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            try await kill("a", store)
            let other = try await registry(store, of: "a")
            let error = try await storeFailure { try await beatUntilFailure(a) }
            #expect(error.code == .workerIDTaken)
            #expect(try await other.heartbeat(worker: "a").isEmpty)
        }
    }

    @Test func aLockThatOurOwnLastSessionStillHoldsIsWaitedFor() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            try await kill("a", store)
            try await store.pool.withConnection { connection in
                let name = "sandmill \(store.database.schema) worker a"
                try connection.query("select pg_advisory_lock(hashtextextended($1, 0))", [name])
                let error = try await storeFailure { try await beatUntilFailure(a) }
                #expect(error.code == .unavailable)
                try connection.query("select pg_advisory_unlock_all()")
            }
            #expect(try await a.heartbeat(worker: "a").isEmpty)
        }
    }

    @Test func theExecutionsOfADeadWorkerAreQueuedAgainAtOnce() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "worker-a")
            let b = try await registry(store, of: "worker-b")
            let claims = (0..<3).map { _ in Claim.sample() }
            _ = try await store.executions.claim(claims)
            let messages = try await store.executions.finish([.sample(claims[2])])
            let sandbox = SandboxRecord(
                worker: "worker-a",
                pool: "python",
                container: nil,
                state: "starting",
                tenant: nil,
                uses: 0,
                memory: .zero
            )
            try await b.record(sandboxes: [sandbox], worker: "worker-a")

            try await kill("worker-a", store)
            withExtendedLifetime(a) {}
            let killers = try await b.reclaim(worker: "worker-a", successor: "worker-b")
            #expect(killers.isEmpty)
            let due = try await store.outbox.lease(by: "worker-b", holding: [], limit: 10)
            #expect(due.count == 3)
            #expect(due.contains { $0.id == messages[0].id })
            #expect(try await b.sandboxes().isEmpty)
            #expect(try await store.value("select array_agg(id) from workers") == ["worker-b"])
            #expect(
                try await store.value(
                    "select count(*) from attempts where reason = 'worker_lost'"
                ) == 2
            )
            #expect(try await store.claim(claims[0].redelivered()) == 2)
            #expect(try await store.executions.finish([.sample(claims[0])]).isEmpty)
            #expect(try await b.reclaim(worker: "worker-a", successor: "worker-b").isEmpty)
        }
    }

    @Test func aWorkerThatLeavesTakesItsSandboxesOffTheList() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "worker-a")
            let sandbox = SandboxRecord(
                worker: "worker-a",
                pool: "python",
                container: nil,
                state: "retiring",
                tenant: nil,
                uses: 0,
                memory: .zero
            )
            try await a.record(sandboxes: [sandbox], worker: "worker-a")
            try await a.deregister(worker: "worker-a")
            #expect(try await store.value("select count(*) from sandboxes") == 0)
        }
    }

    @Test func aWorkerThatLeavesExecutionsBehindIsFoundDead() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "worker-a")
            let b = try await registry(store, of: "worker-b")
            _ = try await store.claim(.sample())
            try await a.deregister(worker: "worker-a")
            var dead: [String] = []
            while dead.isEmpty, !Task.isCancelled {
                dead = try await b.heartbeat(worker: "worker-b")
            }
            #expect(dead == ["worker-a"])
            #expect(try await b.reclaim(worker: "worker-a", successor: "worker-b").isEmpty)
            #expect(try await store.outbox.lease(by: "worker-b", holding: [], limit: 10).count == 1)
        }
    }

    @Test func aWorkerThatLivesLosesNothing() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "worker-a")
            let b = try await registry(store, of: "worker-b")
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            #expect(try await b.reclaim(worker: "worker-a", successor: "worker-b").isEmpty)
            #expect(try await store.executions.execution(claim.submission.id)?.state == .running)
            #expect(try await a.heartbeat(worker: "worker-a").isEmpty)
        }
    }

    @Test func aNewProcessTakesOverWhatTheOldOneLeftAndKeepsItsOwn() async throws {
        try await RecordStore.with { store in
            let old = Claim.sample()
            _ = try await store.claim(old)
            try await store.pool.query(
                "update executions set started_at = started_at - interval '1 s'"
            )
            let a = try await registry(store, of: "worker-a")
            let new = Claim.sample()
            _ = try await store.claim(new)
            #expect(try await a.reclaim(worker: "worker-a", successor: "worker-a").isEmpty)
            #expect(try await store.executions.execution(old.submission.id)?.state == .queued)
            #expect(try await store.executions.execution(new.submission.id)?.state == .running)
            #expect(try await a.heartbeat(worker: "worker-a").isEmpty)
            #expect(try await store.value("select count(*) from workers") == 1)
        }
    }

    @Test func anExecutionThatLostThreeWorkersIsTheSuccessorsToEnd() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample(headers: ["tenant": "default"])
            let survivor = try await registry(store, of: "survivor")
            for attempt in 1...3 {
                let victim = "victim-\(attempt)"
                let registry = try await registry(store, of: victim)
                #expect(try await store.claim(claim.redelivered(to: victim)) == attempt)
                try await kill(victim, store)
                withExtendedLifetime(registry) {}
                let killers = try await survivor.reclaim(worker: victim, successor: "survivor")
                #expect(killers.count == (attempt == 3 ? 1 : 0))
                guard let killer = killers.first else { continue }
                #expect(killer.record.id == claim.submission.id)
                #expect(killer.record.attempt == 4)
                #expect(killer.record.worker == "survivor")
                #expect(killer.runtime == "python")
                #expect(killer.labels == claim.submission.labels)
                #expect(killer.properties == claim.request.properties)

                let heir = claim.redelivered(to: "survivor")
                let end = FinishedExecution.sample(
                    heir,
                    attempt: 4,
                    outcome: Outcome(.errored, .workerKiller)
                )
                #expect(try await store.executions.finish([end]).count == 1)
            }
            #expect(try await store.value("select count(*) from attempts") == 4)
        }
    }

    @Test func theSandboxesOfAWorkerAreReplaced() async throws {
        try await RecordStore.with { store in
            let registry = PostgreSQLWorkerRegistry(store.database)
            var record = SandboxRecord(
                worker: "a",
                pool: "python",
                container: "c1",
                state: "leased",
                tenant: "t",
                uses: 3,
                memory: .mebibytes(128)
            )
            try await registry.record(sandboxes: [record, record], worker: "a")
            record.uses = 4
            try await registry.record(sandboxes: [record], worker: "a")
            #expect(try await registry.sandboxes() == [record])
            try await registry.record(sandboxes: [], worker: "a")
            #expect(try await registry.sandboxes().isEmpty)
        }
    }
}
