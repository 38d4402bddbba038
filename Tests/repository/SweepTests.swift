import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

/// What the sweepers of all workers find, and what that costs.
@Suite("A sweep", .serialized, .timeLimit(.minutes(5)))
struct SweepTests {
    private func park(_ tenant: String, in store: RecordStore) async throws -> UUID {
        let claim = Claim.sample(intent: .park, tenant: tenant)
        _ = try await store.executions.claim([claim])
        return claim.submission.id
    }

    /// Cancels all that a tenant has waiting.
    private func cancelAll(of tenant: String, in store: RecordStore) async throws {
        try await store.database.pool.query(
            """
            insert into cancellations (execution_id, tenant)
            select id, tenant from executions where tenant = $1 and finished_at is null
            """,
            [tenant]
        )
    }

    private func makeDue(in store: RecordStore) async throws {
        try await store.pool.query(
            "update cancellations set due_at = now() where due_at is not null"
        )
    }

    @Test func itReadsWhatItFindsHoweverMuchIsCancelled() async throws {
        try await RecordStore.with(connections: 1) { store in
            try await store.multiply(try await park("a", in: store), by: 5_000)
            try await cancelAll(of: "a", in: store)
            let running = Claim.sample()
            _ = try await store.claim(running)
            let tables = ["executions", "cancellations"]
            var before = 0
            for table in tables { before += try await store.reads(table) }
            #expect(try await store.cancellations.overdue(limit: 64).count == 64)
            let ends = try await store.cancellations.decidedEnds(
                of: [running.submission.id],
                runBy: "worker-a"
            )
            #expect(ends.isEmpty)
            var read = -before
            for table in tables { read += try await store.reads(table) }
            #expect((64..<600).contains(read), "\(read) rows were read")
        }
    }

    @Test func everyTenantHasItsShare() async throws {
        try await RecordStore.with { store in
            try await store.multiply(try await park("a", in: store), by: 1_000)
            try await cancelAll(of: "a", in: store)
            let cancelled = try await park("b", in: store)
            _ = try await store.cancellations.cancel([cancelled], tenant: "b", keepsUnknown: false)
            let past = Date(timeIntervalSince1970: 1_700_000_000)
            let expired = Claim.sample(intent: .park, tenant: "c", deadline: past)
            let late = Claim.sample(intent: .park, tenant: "d", deadline: past + 1)
            _ = try await store.executions.claim([expired, late])
            try await store.multiply(expired.submission.id, by: 1_000)
            let overdue = try await store.cancellations.overdue(limit: 64)
            let counts = Dictionary(grouping: overdue, by: \.record.tenant).mapValues(\.count)
            #expect(counts == ["a": 32, "b": 1, "c": 32, "d": 1])
        }
    }

    @Test func twoFindDifferentOnes() async throws {
        try await RecordStore.with { store in
            try await store.multiply(try await park("a", in: store), by: 300)
            try await cancelAll(of: "a", in: store)
            let past = Date(timeIntervalSince1970: 1_700_000_000)
            let expired = Claim.sample(intent: .park, tenant: "b", deadline: past)
            _ = try await store.executions.claim([expired])
            try await store.multiply(expired.submission.id, by: 300)
            let found = try await withThrowingTaskGroup(of: [UUID].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await store.cancellations.overdue(limit: 50).map(\.record.id)
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(found.count > 300)
            #expect(Set(found).count == found.count)
            while !(try await store.cancellations.overdue(limit: 256).isEmpty), !Task.isCancelled {}
            // Whoever had them ends them or not: then they are found again.
            try await makeDue(in: store)
            let again = try await store.cancellations.overdue(limit: 1_000)
            #expect(again.count == 602)
            #expect(again.count { $0.outcome == Outcome(.expired) } == 301)
        }
    }

    @Test func aCancellationIsSettledWithTheEnd() async throws {
        try await RecordStore.with { store in
            let claims = [Claim.sample(), .sample(intent: .park)]
            _ = try await store.executions.claim(claims)
            let ids = claims.map(\.submission.id)
            _ = try await store.cancellations.cancel(ids, tenant: nil, keepsUnknown: false)
            _ = try await store.executions.finish([
                .sample(claims[0]), .sample(claims[1], attempt: 0, wasQueued: true),
            ])
            #expect(
                try await store.value("select count(*) from cancellations where due_at is null")
                    == 2
            )
        }
    }

    /// The sweep does not see the execution that comes, and the claim has the cancellation looked at again.
    @Test func whatComesWhileItsCancellationIsSettledEnds() async throws {
        try await RecordStore.with { store in
            let claims = (0..<2).map { _ in Claim.sample(intent: .park) }
            let ids = claims.map(\.submission.id)
            _ = try await store.cancellations.cancel(ids, tenant: "default", keepsUnknown: true)
            try await store.pool.query(
                "update cancellations set requested_at = requested_at - interval '61 s'"
            )
            // The claim first.
            try await store.pool.withConnection { connection in
                try connection.query("begin")
                try connection.query(ClaimStatement.sql, ClaimStatement.parameters([claims[0]]))
                let before = try await store.cancellations.overdue(limit: 9)
                #expect(before.isEmpty)
                try connection.query("commit")
            }
            #expect(try await store.cancellations.overdue(limit: 9).map(\.record.id) == [ids[0]])
            // The sweep first.
            try await makeDue(in: store)
            try await store.pool.query(
                "update cancellations set due_at = now() where execution_id = $1",
                [ids[1]]
            )
            let outcomes = try await store.interleave { connection in
                let due = try connection.query(OverdueStatement.due, [9])
                try connection.query(
                    OverdueStatement.cancelled,
                    [
                        try due.map { try $0["execution_id"] as UUID },
                        try due.map { try $0["tenant"] as String },
                    ]
                )
            } with: {
                try await store.executions.claim([claims[1]])
            }
            #expect(outcomes == [.parked])
            #expect(try await store.cancellations.overdue(limit: 9).map(\.record.id) == [ids[1]])
        }
    }

    @Test func whatHasRunDoesNotExpireWhileItWaitsToRunAgain() async throws {
        try await RecordStore.with { store in
            let claims = (0..<2).map { _ in Claim.sample(deadline: .now + 3_600) }
            _ = try await store.executions.claim(claims)
            var failed = FailedAttempt.sample(claims[0], delay: .zero)
            failed.outcome = Outcome(.failed, .exitCode)
            try await store.executions.retry([failed, .sample(claims[1], delay: .zero)])
            try await store.pool.query("update executions set deadline = now()")
            let overdue = try await store.cancellations.overdue(limit: 9)
            #expect(overdue.map(\.record.id) == [claims[1].submission.id])
            #expect(try await store.claim(claims[0].redelivered(to: "worker-a")) == 2)
            #expect(try await store.decidedEnds(runBy: "worker-a").isEmpty)
        }
    }

    @Test func whatABatchHasEndedIsNotReadAgain() async throws {
        try await RecordStore.with(connections: 1) { store in
            let batch = Submission.Membership(id: UUID(), size: 5_002)
            let members = (0..<2).map { _ in Claim.sample(intent: .park, batch: batch) }
            _ = try await store.executions.claim(members)
            let limited = BatchAdmission.sample(3, maximumRunning: 1)
            _ = try await store.executions.admit(limited)
            for id in [members[0].submission.id, limited.members[0].submission.id] {
                try await store.multiply(
                    id,
                    by: 5_000,
                    changes: "state = 'succeeded', finished_at = now(), waits = 'broker'"
                )
            }
            try await store.pool.query(
                "update batches set cancelled_at = now() where id = $1",
                [batch.id]
            )
            let before = try await store.reads()
            try await store.cancellations.noteMissedMembers()
            try await store.executions.admitHeldMembers()
            let read = try await store.reads() - before
            #expect((2..<100).contains(read), "\(read) rows were read")
            #expect(try await store.cancellations.overdue(limit: 9).count == 2)
        }
    }

    @Test func aBatchWhoseMembersNeverComeIsNotLookedAtForEver() async throws {
        try await RecordStore.with(connections: 1) { store in
            let batch = Submission.Membership(id: UUID(), size: 3)
            let members = (0..<2).map { _ in Claim.sample(intent: .park, batch: batch) }
            _ = try await store.claim(members[0].meant(.run))
            _ = try await store.cancellations.cancel(batch: batch.id, tenant: nil)
            try await store.database.pool.query(
                "update batches set cancelled_at = cancelled_at - interval '11 min'"
            )
            let before = try await store.reads("batches")
            try await store.cancellations.noteMissedMembers()
            #expect(try await store.reads("batches") == before)
            // One that comes after all, and waits, ends all the same.
            #expect(try await store.executions.claim([members[1]]) == [.parked])
            let overdue = try await store.cancellations.overdue(limit: 9)
            #expect(overdue.map(\.record.id) == [members[1].submission.id])
        }
    }

    /// A dump or a replication slot holds an old snapshot: whatever ends meanwhile stays, with its index entries.
    @Test func pollsDoNotReadAgainWhatEndedSinceAnOldSnapshot() async throws {
        try await RecordStore.with(connections: 1) { store in
            let registry = PostgreSQLWorkerRegistry(store.database)
            try await registry.register(worker: "worker-a", version: "1")
            try await store.pool.withConnection { snapshot in
                try snapshot.query("begin isolation level repeatable read")
                try snapshot.query("select count(*) from executions")
                // The first look is at all there is.
                try await poll(store, registry)
                for _ in 0..<8 {
                    let claims = (0..<250).map { _ in Claim.sample(intent: .park) }
                    _ = try await store.executions.claim(claims)
                    let takeRequest = TakeRequest(
                        token: UUID(),
                        worker: "worker-a",
                        pool: "python",
                        count: 250,
                        held: [:]
                    )
                    #expect(try await store.executions.take(takeRequest).count == 250)
                    _ = try await store.executions.finish(claims.map { .sample($0) })
                }
                try await poll(store, registry)
                // Those of the last seconds are looked at again, in case some were committed late.
                while try await pollReads(store, registry) > 50, !Task.isCancelled {}
                try snapshot.query("rollback")
            }
            try await registry.deregister(worker: "worker-a")
        }
    }

    private func poll(_ store: RecordStore, _ registry: PostgreSQLWorkerRegistry) async throws {
        #expect(try await store.executions.parkDue(limit: 256) == 0)
        #expect(try await store.executions.parkedCount(pool: "python", upTo: 1_000) == 0)
        let takeRequest = TakeRequest(
            token: UUID(),
            worker: "worker-a",
            pool: "python",
            count: 4,
            held: [:]
        )
        #expect(try await store.executions.take(takeRequest).isEmpty)
        _ = try await registry.heartbeat(worker: "worker-a")
        #expect(try await registry.abandonedWorkers().isEmpty)
        #expect(try await store.cancellations.overdue(limit: 256).isEmpty)
        try await store.cancellations.noteMissedMembers()
        try await store.executions.admitHeldMembers()
        let ends = try await store.cancellations.decidedEnds(of: [UUID()], runBy: "worker-a")
        #expect(ends.isEmpty)
    }

    /// How many index entries a poll reads: dead rows are no tuples that are fetched.
    private func pollReads(
        _ store: RecordStore,
        _ registry: PostgreSQLWorkerRegistry
    ) async throws -> Int {
        let sql = """
            select coalesce(sum(idx_tup_read), 0)::int8 from pg_stat_user_indexes
            where relname = 'executions' and schemaname = current_schema()
            """
        let flush = "select pg_stat_force_next_flush()"
        try await store.database.pool.query(flush)
        let before: Int = try await store.value(sql)
        try await poll(store, registry)
        try await store.database.pool.query(flush)
        return try await store.value(sql) - before
    }

    @Test func whoHoldsAnOldSnapshotIsNamed() async throws {
        try await RecordStore.with { store in
            try await store.pool.withConnection { snapshot in
                try snapshot.query("begin isolation level repeatable read")
                let pid: Int = try snapshot.query("select pg_backend_pid()")[0][0]
                let holders = try await store.database.oldSnapshots(age: .zero)
                #expect(holders.contains { $0.hasSuffix("select pg_terminate_backend(\(pid))") })
                let old = try await store.database.oldSnapshots(age: .seconds(86_400))
                #expect(!old.contains { $0.hasSuffix("select pg_terminate_backend(\(pid))") })
                try snapshot.query("rollback")
            }
        }
    }
}
