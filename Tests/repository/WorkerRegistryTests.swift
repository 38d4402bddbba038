import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

@Suite("The worker registry", .serialized, .timeLimit(.minutes(5)))
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
            #expect(try await registry.abandonedWorkers() == ["buried"])
            #expect(
                try await registry.reclaim(
                    worker: "buried",
                    successor: "survivor",
                    token: .random()
                ).isEmpty
            )
            #expect(try await registry.abandonedWorkers().isEmpty)
            #expect(try await store.executions.execution(claim.submission.id)?.state == .queued)
            #expect(try await store.claim(claim.redelivered()) == 2)
            try await registry.deregister(worker: "survivor")
        }
    }

    @Test func aWorkerWhoseProcessIsGoneIsFoundAtOnce() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let b = try await registry(store, of: "b")
            #expect(try await b.abandonedWorkers().isEmpty)
            try await kill("a", store)
            #expect(try await b.abandonedWorkers() == ["a"])
            // It was only cut off, and takes its lock again.
            while try await b.abandonedWorkers() == ["a"], !Task.isCancelled {
                _ = try await a.heartbeat(worker: "a")
            }
            #expect(try await b.abandonedWorkers().isEmpty)
        }
    }

    @Test func aWorkerWhoseLeaseEndedIsDeadThoughItsSessionStands() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let b = try await registry(store, of: "b")
            try await store.pool.query("update workers set expires_at = now() where id = 'a'")
            #expect(try await b.abandonedWorkers() == ["a"])
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
                _ = try await a.heartbeat(worker: "a")
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
            _ = try await other.heartbeat(worker: "a")
        }
    }

    @Test func whileOurOwnLastSessionStillHoldsTheLockTheLeaseIsRenewedAllTheSame() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let b = try await registry(store, of: "b")
            try await kill("a", store)
            try await store.pool.withConnection { connection in
                let name = "sandmill \(store.database.schema) worker a"
                try connection.query("select pg_advisory_lock(hashtextextended($1, 0))", [name])
                try connection.query(
                    "update workers set expires_at = now() - interval '1 s' where id = 'a'"
                )
                while try await b.abandonedWorkers() == ["a"], !Task.isCancelled {
                    _ = try await a.heartbeat(worker: "a")
                }
                try connection.query("select pg_advisory_unlock_all()")
            }
            // Then it takes the lock again.
            while try await b.abandonedWorkers() == ["a"], !Task.isCancelled {
                _ = try await a.heartbeat(worker: "a")
            }
            #expect(try await a.abandonedWorkers().isEmpty)
        }
    }

    /// The lease may not come near its end, whatever the interval is: others take over what a worker runs
    /// whose lease has ended.
    @Test func theLeaseIsRenewedLongBeforeItsEnd() async throws {
        try await RecordStore.with { store in
            let a = try await registry(store, of: "a")
            let first: Date = try await store.value("select expires_at from workers")
            var rest: Double = 30
            while rest > 0, try await store.value("select expires_at from workers") == first {
                _ = try await a.heartbeat(worker: "a")
                rest = try await store.value(
                    "select extract(epoch from $1::timestamptz - clock_timestamp())::float8",
                    [first]
                )
                try await ContinuousClock().sleep(for: .milliseconds(100))
            }
            #expect(rest > 15)
        }
    }

    @Test func noOtherStatementOfTheProcessDelaysARenewal() async throws {
        try await RecordStore.with(connections: 1) { store in
            let a = try await registry(store, of: "a")
            try await store.pool.query("update workers set expires_at = now()")
            let held = Gate()
            let isOver = Gate()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await store.database.pool.withConnection { _ in
                        held.open()
                        await isOver.pass()
                    }
                }
                await held.pass()
                // Registering has renewed it, so that a session of its own is due only after a while.
                try await kill("a", store)
                while try await store.value("select expires_at <= now() from workers"),
                    !Task.isCancelled
                {
                    _ = try await a.heartbeat(worker: "a")
                }
                isOver.open()
                try await group.waitForAll()
            }
        }
    }

    @Test func anAttemptIsChargedOnlyIfItIsTheOneThatHadASandbox() async throws {
        try await RecordStore.with { store in
            let survivor = try await registry(store, of: "survivor")
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            #expect(try await store.lose("worker-a", to: survivor).isEmpty)
            for losses in [1, 2, 2] {
                let next = claim.redelivered(to: "worker-a")
                let grant = try await store.grant(next)
                #expect(grant.lostWorkers == losses)
                // The second had one, the last two had none.
                if losses == 1 {
                    let attempt = RunningAttempt(
                        id: claim.submission.id,
                        attempt: grant.attempt,
                        token: next.token
                    )
                    try await store.executions.markSandboxed([attempt])
                }
                #expect(try await store.lose("worker-a", to: survivor).isEmpty)
            }
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
            let killers = try await b.reclaim(
                worker: "worker-a",
                successor: "worker-b",
                token: .random()
            )
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
            #expect(
                try await b.reclaim(worker: "worker-a", successor: "worker-b", token: .random())
                    .isEmpty
            )
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
            #expect(
                try await a.reclaim(worker: "worker-a", successor: "worker-a", token: .random())
                    .isEmpty
            )
            #expect(try await store.executions.execution(old.submission.id)?.state == .queued)
            #expect(try await store.executions.execution(new.submission.id)?.state == .running)
            #expect(try await a.abandonedWorkers().isEmpty)
            #expect(try await store.value("select count(*) from workers") == 1)
        }
    }
}

extension RecordStore {
    /// Claims an execution, which must succeed.
    fileprivate func grant(_ claim: Claim) async throws -> AttemptGrant {
        let outcome = try #require(try await executions.claim([claim]).first)
        guard case .claimed(let grant) = outcome else {
            throw StoreError(.internal, "the claim came out as \(outcome)")
        }
        return grant
    }

    /// Has what a worker runs taken over that is on no list.
    fileprivate func lose(
        _ worker: String,
        to successor: PostgreSQLWorkerRegistry
    ) async throws -> [UnstartedExecution] {
        // What came just now may be another process's.
        try await pool.query("update executions set started_at = started_at - interval '1 min'")
        return try await successor.reclaim(
            worker: worker,
            successor: "survivor",
            token: .random()
        )
    }
}

/// Holds whoever comes until it is opened.
private struct Gate: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() { continuation.finish() }

    func pass() async { for await _ in stream {} }
}
