import FoundationEssentials
import Logging
import PostgreSQL
import SandmillEntity
import StoreConformance
import TestSupport
import Testing

@testable import SandmillRepository
@testable import SandmillService

/// What is removed because it has been kept for long enough, or there is too much, on Postgres.
@Suite(.timeLimit(.minutes(5)))
struct RetentionTests {
    /// Removes results, as far as it may.
    private actor Removals: ResultRemoval {
        private(set) var paths: [String] = []
        private var isBroken = false

        func setBroken(_ isBroken: Bool) { self.isBroken = isBroken }

        func remove(_ path: String) throws(ResultsError) {
            if isBroken { throw ResultsError("broken") }
            paths.append(path)
        }
    }

    /// Dies at a step.
    private struct DyingStore: DeletionStore {
        enum Step { case mark, forget }

        let store: PostgreSQLExecutionStore
        let diesAfter: Step

        func delete(
            _ ids: [UUID],
            because reason: String
        ) async throws(StoreError) -> [DeletedExecution] {
            let deleted = try await store.delete(ids, because: reason)
            if diesAfter == .mark { throw StoreError(.unavailable, "died") }
            return deleted
        }

        func leftFiles(limit: Int) async throws(StoreError) -> [DeletedExecution] {
            try await store.leftFiles(limit: limit)
        }

        func forgetFiles(of ids: [UUID]) async throws(StoreError) {
            throw StoreError(.unavailable, "died")
        }

        func deletionReason(_ id: UUID, tenant: String?) async throws(StoreError) -> String? {
            try await store.deletionReason(id, tenant: tenant)
        }
    }

    private func sweeper(
        _ store: RecordStore,
        _ policy: RetentionPolicy = RetentionPolicy(),
        name: String = "worker-a",
        deletions: (any DeletionStore)? = nil,
        removals: Removals = Removals()
    ) -> RetentionSweeper {
        RetentionSweeper(
            name: name,
            policy: policy,
            store: PostgreSQLRetention(store.database),
            deletions: Deletions(
                store: deletions ?? store.executions,
                results: removals,
                holds: policy.holds
            ),
            logger: .silent
        )
    }

    /// Makes it time for the next sweeps.
    private func makeDue(_ store: RecordStore) async throws {
        try await store.pool.query("update sweeps set due_at = now() - interval '1 s'")
    }

    /// Writes an execution that ended so long ago.
    @discardableResult
    private func write(
        _ store: RecordStore,
        ended age: String,
        state: String = "succeeded",
        pool: String = "python",
        tenant: String = "default",
        labels: String = "{}",
        retain: Double? = nil,
        size: Int64? = 100
    ) async throws -> UUID {
        let id = UUID()
        try await store.pool.query(
            """
            insert into executions (
                id, tenant, pool, level, runtime, labels, state, attempt, submitted_at, available_at,
                finished_at, request_properties, request_digest, result, results_path, retain_seconds,
                results_bytes)
            values (
                $1, $5, $4, 'normal', 'python', $6::text::jsonb, $3, 1, now() - $2::text::interval,
                now() - $2::text::interval, now() - $2::text::interval, '{}', '',
                '{"stdout": {"stored_bytes": 7}}', '2026-11-23/' || $1::text || '/1', $7, $8)
            """,
            [id, age, state, pool, tenant, labels, retain, size]
        )
        return id
    }

    private func left(_ store: RecordStore) async throws -> Set<UUID> {
        Set(try await store.pool.query("select id from executions").map { try $0["id"] })
    }

    @Test func eachStateOfEachPoolIsKeptForItsOwnTime() async throws {
        try await RecordStore.with { store in
            var policy = RetentionPolicy(.days(30))
            policy.states[.succeeded] = .days(7)
            policy.states[.errored] = .forever
            policy.pools["long"] = policy.states
            policy.pools["long"]?[.succeeded] = .forever
            policy.pools["long"]?[.failed] = .days(1)
            let stays = [
                try await write(store, ended: "6 days"),
                try await write(store, ended: "29 days", state: "failed"),
                try await write(store, ended: "900 days", state: "errored"),
                try await write(store, ended: "900 days", pool: "long"),
                try await write(store, ended: "29 days", state: "failed", pool: "gone"),
            ]
            let goes = [
                try await write(store, ended: "8 days"),
                try await write(store, ended: "31 days", state: "failed"),
                try await write(store, ended: "2 days", state: "failed", pool: "long"),
                try await write(store, ended: "31 days", state: "cancelled", pool: "gone"),
            ]
            let running = Claim.sample()
            _ = try await store.claim(running)
            try await store.pool.query(
                "update executions set submitted_at = now() - interval '2 y' where id = $1",
                [running.submission.id]
            )
            let removals = Removals()
            try await sweeper(store, policy, removals: removals).removeOld()
            #expect(try await left(store) == Set(stays + [running.submission.id]))
            let paths = Set(await removals.paths)
            #expect(paths == Set(goes.map { "2026-11-23/\($0.text)/1" }))
            let reason = try await store.executions.deletionReason(goes[0], tenant: "default")
            #expect(reason == "removed: such executions are kept for 7d")
            // What is said now holds for what is there.
            policy.states[.succeeded] = .days(5)
            try await makeDue(store)
            try await sweeper(store, policy).removeOld()
            #expect(try await left(store) == Set(stays.dropFirst() + [running.submission.id]))
        }
    }

    @Test func whatARequestAsksForCountsInstead() async throws {
        try await RecordStore.with { store in
            let longer = try await write(store, ended: "40 days", retain: 50 * 86_400)
            let forever = try await write(store, ended: "900 days", retain: .infinity)
            let shorter = try await write(store, ended: "2 hours", retain: 3_600)
            let none = try await write(store, ended: "40 days")
            try await sweeper(store).removeOld()
            #expect(try await left(store) == [longer, forever])
            for (id, word) in [(shorter, "request"), (none, "30d")] {
                let reason = try await store.executions.deletionReason(id, tenant: nil)
                #expect(reason?.contains(word) == true)
            }
            // By the statements of a worker.
            var claims = [Claim.sample(), .sample(), .sample()]
            claims[0].submission.retention = .lasting(.seconds(60))
            claims[1].submission.retention = .forever
            _ = try await store.executions.claim(claims)
            var ends = claims.map { FinishedExecution.sample($0) }
            ends[0].resultsSize = .kibibytes(3)
            _ = try await store.executions.finish(ends)
            let rows = try await store.pool.query(
                "select retain_seconds, results_bytes from executions where id = any($1) order by 1",
                [claims.map(\.submission.id)]
            )
            #expect(try rows.map { try $0["retain_seconds"] as Double? } == [60, .infinity, nil])
            #expect(try rows.map { try $0["results_bytes"] as Int64? } == [3_072, 0, 0])
        }
    }

    @Test func theFilesOfEarlierAttemptsCount() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            var failed = FailedAttempt.sample(claim)
            failed.resultsSize = ByteCount(100 as Int64)
            try await store.executions.retry([failed])
            let again = claim.redelivered(to: "worker-a")
            #expect(try await store.claim(again) == 2)
            var end = FinishedExecution.sample(again, attempt: 2)
            end.resultsSize = ByteCount(11 as Int64)
            _ = try await store.executions.finish([end])
            #expect(try await store.value("select results_bytes from executions") == 111 as Int64)
        }
    }

    @Test func whatALostWorkerHadPutInPlaceGoesWithTheExecution() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            #expect(try await store.claim(claim) == 1)
            // What came just now may be a new process's.
            try await store.pool.query(
                "update executions set started_at = started_at - interval '1 min'"
            )
            let day: Date = try await store.value("select started_at from executions")
            let registry = PostgreSQLWorkerRegistry(store.database)
            try await registry.register(worker: "worker-b", version: "1")
            _ = try await registry.reclaim(
                worker: "worker-a",
                successor: "worker-b",
                token: .random()
            )
            let again = claim.redelivered(to: "worker-b")
            #expect(try await store.claim(again) == 2)
            let end = FinishedExecution.sample(again, attempt: 2)
            _ = try await store.executions.finish([end])
            let id = claim.submission.id
            let deleted = try await store.executions.delete([id], because: "removed")
            // As ResultsLayout names the directory, which the results' own tests hold.
            let style = Date.ISO8601FormatStyle().year().month().day()
            let lost = "\(day.formatted(style))/\(id.text)/1"
            #expect(deleted.flatMap(\.paths).contains(lost))
            try await registry.deregister(worker: "worker-b")
        }
    }

    @Test func whatALabelHoldsIsRemovedByAPersonOnly() async throws {
        try await RecordStore.with { store in
            var policy = RetentionPolicy(.days(1))
            policy.holds = ["hold", "legal=yes"].compactMap { LabelHold(text: $0) }
            policy.totalBytes = ByteCount(1 as Int64)
            let held = [
                try await write(store, ended: "9 days", labels: #"{"hold": "x", "a": "b"}"#),
                try await write(store, ended: "9 days", labels: #"{"legal": "yes"}"#, retain: 1),
            ]
            try await write(store, ended: "9 days", labels: #"{"legal": "no"}"#)
            // More than one page of what is held comes first.
            for _ in 0..<(RetentionSweeper.group + 5) {
                try await write(store, ended: "10 days", labels: #"{"hold": ""}"#)
            }
            let sweeper = sweeper(store, policy)
            try await sweeper.removeOld()
            try await sweeper.removeExcess()
            let count = try await store.value("select count(*) from executions", as: Int.self)
            #expect(count == RetentionSweeper.group + 7)
            let size = try await store.executions.resultsSize(
                of: .query("tenant=default"),
                holds: policy.holds
            )
            #expect(size.executions == 0)
            #expect(size.held == count)
            // Prune leaves them, and delete does not.
            for (verb, done) in [(BulkAction.Verb.prune, 0), (.delete, count)] {
                let actions = BulkActions(
                    store: PostgreSQLBulkActions(store.database),
                    executions: store.executions,
                    letters: store.letters
                )
                let order = BulkOrder(
                    on: .executions,
                    filter: [],
                    verb: verb,
                    tenant: nil,
                    actor: "p"
                )
                let action = try await actions.begin(order)
                try await runner(store, holds: policy.holds).work()
                let ended = try #require(await actions.action(action.id, tenant: nil))
                #expect(ended.done == done)
                #expect(ended.failure == (done == 0 ? "a label holds it" : nil))
            }
            let reason = try await store.executions.deletionReason(held[0], tenant: nil)
            #expect(reason == "deleted by p")
        }
    }

    private func runner(_ store: RecordStore, holds: [LabelHold]) -> BulkActionRunner {
        BulkActionRunner(
            store: PostgreSQLBulkActions(store.database),
            executions: store.executions,
            letters: store.letters,
            cancellations: Cancellations(store: store.cancellations, relay: nil),
            reruns: Reruns(store: store.executions, decoders: [:], relay: nil),
            deletions: Deletions(store: store.executions, results: Removals(), holds: holds),
            logger: .silent
        )
    }

    @Test func whatIsAboveAQuotaGoesOldestFirst() async throws {
        try await RecordStore.with { store in
            var policy = RetentionPolicy(.forever)
            policy.tenantBytes = ByteCount(350 as Int64)
            policy.totalBytes = ByteCount(500 as Int64)
            var ids: [String: [UUID]] = [:]
            for tenant in ["a", "b", "c"] {
                for age in 1...5 {
                    let state = age == 2 ? "failed" : "succeeded"
                    ids[tenant, default: []].append(
                        try await write(
                            store,
                            ended: "\(age * 10) \(tenant == "c" ? "min" : "hours")",
                            state: state,
                            tenant: tenant,
                            // Its own time changes nothing.
                            retain: age == 3 ? 9e8 : nil,
                            size: tenant == "c" ? 10 : 100
                        )
                    )
                }
            }
            // Of a version before, without a size.
            try await write(store, ended: "1 min", tenant: "d", size: nil)
            try await write(store, ended: "900 days", tenant: "a", size: 0)
            try await sweeper(store, policy).removeExcess()
            // 500, 500, 50 and about 50 become 300, 300, 50 and that, and then at most 500 in all.
            let kept = try await left(store)
            let places = ids.mapValues { ids in ids.indices.filter { kept.contains(ids[$0]) } }
            #expect(places == ["a": [0, 1], "b": [0, 1], "c": [0, 1, 2, 3, 4]])
            let total = try await store.value(
                "select sum(results_bytes)::int8 from executions",
                as: Int64.self
            )
            #expect((400...500).contains(total), "\(total)")
            // What has no files is in nobody's way.
            let sql = "select count(*) from executions where results_bytes = 0"
            #expect(try await store.value(sql) == 1)
            let text = try await store.executions.deletionReason(
                try #require(ids["a"]?.last),
                tenant: nil
            )
            #expect(text?.contains("its tenant has newer results") == true)
            // Not before it is time again.
            try await write(store, ended: "1 min", tenant: "a", size: 9_000)
            let before = try await left(store)
            try await sweeper(store, policy).removeExcess()
            #expect(try await left(store) == before)
        }
    }

    @Test(arguments: ["mark", "files", "rows"])
    func whoDiesBetweenTwoStepsLeavesNothing(_ step: String) async throws {
        try await RecordStore.with { store in
            let id = try await write(store, ended: "40 days")
            let removals = Removals()
            await removals.setBroken(step == "files")
            let dying = DyingStore(
                store: store.executions,
                diesAfter: step == "mark" ? .mark : .forget
            )
            let first = sweeper(
                store,
                deletions: step == "files" ? nil : dying,
                removals: removals
            )
            await #expect(throws: (any Error).self) { try await first.removeOld() }
            // Nothing of it is shown, and it is said why.
            #expect(try await store.executions.execution(id) == nil)
            let reason = try await store.executions.deletionReason(id, tenant: nil)
            #expect(reason?.hasPrefix("removed") == true)
            let path = RecordedPath(execution: id, path: "2026-11-23/\(id.text)/1")
            // What is being removed is no orphan, and nobody needs it.
            #expect(try await store.executions.unknown([path]) == [])
            #expect(try await store.executions.needless([path]) == [path])
            // The next one goes on, once it is clear that the first does not.
            await removals.setBroken(false)
            let next = sweeper(store, name: "worker-b", removals: removals)
            let deletions = Deletions(store: store.executions, results: removals)
            try await deletions.removeLeftFiles()
            var removed = await removals.paths
            #expect(removed == (step == "rows" ? [path.path] : []))
            try await store.pool.query(
                "update deleted_executions set deleted_at = now() - interval '2 min'"
            )
            try await deletions.removeLeftFiles()
            removed = await removals.paths
            #expect(Set(removed) == [path.path])
            #expect(try await store.executions.unknown([path]) == [path])
            // The lease of the dead one ends.
            let other = try await write(store, ended: "40 days")
            try await next.removeOld()
            #expect(try await left(store) == [other])
            try await makeDue(store)
            try await next.removeOld()
            #expect(try await left(store).isEmpty)
        }
    }

    @Test func filesOfAnIDThatIsUsedAgainAreNotRemovedLater() async throws {
        try await RecordStore.with { store in
            let id = try await write(store, ended: "40 days")
            _ = try await store.executions.delete([id], because: "removed")
            try await store.pool.query(
                "update deleted_executions set deleted_at = now() - interval '2 min'"
            )
            #expect(try await store.executions.leftFiles(limit: 9).count == 1)
            _ = try await store.claim(.sample(id: id))
            #expect(try await store.executions.leftFiles(limit: 9).isEmpty)
        }
    }

    @Test func oneWhoCannotRemoveSomeFilesRemovesTheOthers() async throws {
        try await RecordStore.with { store in
            let broken = Removals()
            await broken.setBroken(true)
            let ids = [try await write(store, ended: "40 days")]
            await #expect(throws: ResultsError.self) {
                try await sweeper(store, removals: broken).removeOld()
            }
            try await write(store, ended: "40 days")
            try await makeDue(store)
            let removals = Removals()
            try await sweeper(store, removals: removals).removeOld()
            let removed = await removals.paths
            #expect(removed.count == 1)
            #expect(removed != ["2026-11-23/\(ids[0].text)/1"])
        }
    }

    @Test func oneSweepsForAll() async throws {
        try await RecordStore.with { store in
            let retention = PostgreSQLRetention(store.database)
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<8 {
                    group.addTask { try await retention.begin(.retention, by: "worker-\(index)") }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
            // The other sweep is nobody's yet.
            #expect(try await retention.begin(.quotas, by: "a"))
            #expect(try await retention.extend(.quotas, by: "a"))
            // Who was away for too long has it no more.
            try await makeDue(store)
            #expect(try await retention.begin(.quotas, by: "b"))
            #expect(try await !retention.extend(.quotas, by: "a"))
            try await retention.end(.quotas, by: "a", next: .zero)
            #expect(try await !retention.begin(.quotas, by: "c"))
            try await retention.end(.quotas, by: "b", next: .seconds(-1))
            #expect(try await retention.begin(.quotas, by: "c"))
        }
    }

    @Test func whatSomebodyHasLockedHoldsUpNobody() async throws {
        try await RecordStore.with { store in
            let locked = try await write(store, ended: "41 days")
            try await write(store, ended: "40 days")
            try await store.pool.withConnection { connection in
                try connection.query("begin")
                try connection.query("select from executions where id = $1 for update", [locked])
                try await sweeper(store).removeOld()
                #expect(try await left(store) == [locked])
                try connection.query("rollback")
            }
            try await makeDue(store)
            try await sweeper(store).removeOld()
            #expect(try await left(store).isEmpty)
        }
    }

    @Test func deadLettersAboveATenantsQuotaGoOldestFirst() async throws {
        try await RecordStore.with { store in
            // Six of 10,000 bytes each, of which two are within the quota.
            let tenants = [
                ("a", "invalid_request"), ("b", "invalid_request"), ("a", "forbidden_tenant"),
            ]
            for (tenant, errorType) in tenants {
                let count = tenant == "b" ? 2 : 6
                try await store.pool.query(
                    """
                    insert into dead_letters (error_type, reason, queue, properties, body, body_bytes)
                    select $1, n::text, 'q',
                        json_build_object('headers', json_build_object('tenant', $2::text)),
                        convert_to(repeat('x', 10000), 'UTF8'), 10000
                    from generate_series(1, $3) as n
                    """,
                    [errorType, tenant, count]
                )
            }
            var policy = RetentionPolicy(.forever)
            policy.tenantDeadLetterBytes = ByteCount(25_000 as Int64)
            try await sweeper(store, policy).removeExcess()
            let rows = try await store.pool.query(
                """
                select error_type || ' ' || (properties->'headers'->>'tenant') || ' ' || reason as letter
                from dead_letters
                """
            )
            let left = Set(try rows.map { try $0["letter"] as String })
            let expected: Set = [
                "invalid_request a 5", "invalid_request a 6", "invalid_request b 1",
                "invalid_request b 2",
                // In its name, by somebody who has no right to it.
                "forbidden_tenant a 5", "forbidden_tenant a 6",
            ]
            #expect(left == expected)
        }
    }

    @Test func otherRecordsGoWhenTheyAreOld() async throws {
        try await RecordStore.with { store in
            try await store.pool.query(
                """
                insert into dead_letters (
                    error_type, reason, queue, properties, body, body_bytes, kept_at)
                select 'too_large', '', 'q', '{}', '', 0, now() - n * interval '1 day'
                from generate_series(1, 40) as n;
                """
            )
            try await store.pool.query(
                """
                insert into audit (actor, action, target, subject, count, at)
                select 'a', 'b', 'c', 'd', 1, now() - n * interval '1 day'
                from generate_series(400, 1, -1) as n
                """
            )
            try await store.pool.query(
                """
                insert into bulk_actions (
                    id, target, filter, action, actor, matching, created_at, finished_at)
                select gen_random_uuid(), 'executions', '{}', 'cancel', 'a', 1,
                    now() - n * interval '1 day', case when n % 2 = 0 then now() - n * interval '1 day' end
                from generate_series(1, 40) as n
                """
            )
            try await store.pool.query(
                """
                insert into deleted_executions (id, tenant, reason, paths, deleted_at)
                select gen_random_uuid(), 't', 'r', case when n = 40 then array['a/b/c'] end,
                    now() - n * interval '1 day'
                from generate_series(1, 40) as n
                """
            )
            // A batch goes behind its last member, and only once it has ended.
            var batches: [UUID] = []
            for index in 0..<3 {
                let batch = BatchAdmission.sample(2, refused: 1)
                batches.append(batch.id)
                _ = try await store.executions.admit(batch)
                try await store.pool.query(
                    """
                    update batches set submitted_at = now() - interval '50 days',
                        finished_at = case when $2 then now() - interval '50 days' end
                    where id = $1
                    """,
                    [batch.id, index != 2]
                )
                guard index != 1 else { continue }
                try await store.pool.query("delete from executions where batch_id = $1", [batch.id])
            }
            var policy = RetentionPolicy()
            policy.audit = .days(365)
            try await sweeper(store, policy).removeOld()
            func count(_ table: String) async throws -> Int {
                try await store.value("select count(*) from \(table)")
            }
            #expect(try await (364...365).contains(count("audit")))
            #expect(try await (29...30).contains(count("bulk_actions") - 5))
            #expect(try await count("bulk_actions where finished_at is null") == 20)
            #expect(try await (30...31).contains(count("deleted_executions")))
            #expect(try await count("deleted_executions where paths is not null") == 1)
            let kept = try await store.pool.query("select id from batches").map {
                try $0["id"] as UUID
            }
            #expect(Set(kept) == Set(batches.dropFirst()))
            #expect(try await count("refused_members") == 2)
            let letters = try await count("dead_letters where kept_at < now() - interval '1 hour'")
            #expect((29...30).contains(letters))
        }
    }

    /// Each with the index that has what is looked for in the order in which it goes.
    @Test func sweepsReadByTheirIndexes() async throws {
        try await RecordStore.with { store in
            try await store.writeExecutions(20_000)
            try await store.pool.query(
                """
                update executions
                set results_bytes = 10, retain_seconds = case when random() < 0.1 then 60 end
                """
            )
            // As long as an older snapshot of others is there, not every page is known to be visible to all.
            repeat {
                try await store.pool.query("vacuum analyze executions")
            } while try await store.value(
                "select relallvisible < relpages from pg_class where oid = 'executions'::regclass"
            ) && !Task.isCancelled
            for (sql, parameters, index) in [
                (
                    PostgreSQLRetention.sql(of: .requested),
                    PostgreSQLRetention.parameters(of: .requested, after: nil, limit: 100),
                    "executions_retained"
                ),
                (
                    PostgreSQLRetention.sql(
                        of: .ended(pool: "", state: .succeeded, ago: .seconds(1))
                    ),
                    PostgreSQLRetention.parameters(
                        of: .ended(pool: "pool-1", state: .succeeded, ago: .seconds(1)),
                        after: nil,
                        limit: 100
                    ),
                    "Index Scan using executions_ended"
                ),
                (PostgreSQLRetention.sizesSQL, [], "Index Only Scan using executions_ended"),
            ] {
                let plan = try await plan(of: sql, parameters, in: store)
                #expect(plan.contains(index), "\(plan)")
                #expect(!plan.contains("Seq Scan"), "\(plan)")
                #expect(!plan.contains("Sort Key: finished_at"), "\(plan)")
            }
            for tenant in [nil, "tenant-1"] {
                var statement = try await PostgreSQLRetention.oldest(
                    of: tenant,
                    after: ListCursor(number: 0),
                    in: store.executions
                )
                let sql = statement.sql(
                    "submitted_at, id",
                    from: "executions",
                    orderedBy: "submitted_at, id",
                    limit: 100
                )
                let plan = try await store.database.list(
                    "explain (costs off) \(sql)",
                    statement.parameters
                )
                .map { try $0[0] as String }.joined(separator: "\n")
                let index = tenant == nil ? "executions_by_state" : "executions_by_tenant"
                #expect(plan.contains(index), "\(plan)")
                #expect(!plan.contains("Seq Scan"), "\(plan)")
            }
            for kind in RetainedKind.allCases {
                let plan = try await plan(
                    of: PostgreSQLRetention.removal(of: kind),
                    [1.0, 100],
                    in: store
                )
                // The first of it, and what is found by its key.
                #expect(!plan.contains("Seq Scan"), "\(plan)")
            }
        }
    }

    /// The plan of a statement that is made once.
    private func plan(
        of sql: String,
        _ parameters: [any PostgreSQLValue],
        in store: RecordStore
    ) async throws -> String {
        try await store.database.pool.query("explain (costs off) \(sql)", parameters)
            .map { try $0[0] as String }.joined(separator: "\n")
    }

    @Test func aCheckComparesBothWays() async throws {
        try await RecordStore.with { store in
            let there = try await write(store, ended: "1 day")
            let running = Claim.sample()
            _ = try await store.claim(running)
            func path(_ id: UUID, _ attempt: Int = 1) -> RecordedPath {
                RecordedPath(execution: id, path: "2026-11-23/\(id.text)/\(attempt)")
            }
            let stranger = UUID()
            let found = [
                path(there), path(there, 2), path(running.submission.id), path(stranger),
            ]
            for nameless in [
                try await store.executions.unknown(found),
                try await store.executions.needless(found),
            ] { #expect(nameless == [path(there, 2), path(stranger)]) }
            let registry = PostgreSQLWorkerRegistry(store.database)
            try await registry.register(worker: "worker-a", version: "1")
            func draft(_ id: UUID, _ worker: String = "worker-a", _ attempt: Int = 1) -> StagedDraft
            {
                StagedDraft(worker: worker, execution: id, attempt: attempt)
            }
            let runs = draft(running.submission.id)
            let others = [
                draft(running.submission.id, "worker-a", 2), draft(there),
                draft(running.submission.id, "worker-b"),
            ]
            #expect(try await store.executions.abandoned([runs] + others) == Set(others))
            try await registry.deregister(worker: "worker-a")
            #expect(try await store.executions.results(after: nil, limit: 9) == [path(there)])
            // What is lost is no longer counted, and its document still says where it was.
            try await store.pool.query(
                """
                insert into files (execution_id, position, path, bytes, sha256)
                values ($1, 1, 'a', 9, '')
                """,
                [there]
            )
            #expect(try await store.executions.forget([path(there, 2)]) == 0)
            #expect(try await store.executions.forget([path(there)]) == 1)
            #expect(try await store.executions.results(after: nil, limit: 9).isEmpty)
            #expect(try await store.value("select count(*) from files") == 0)
            #expect(try await store.executions.execution(there)?.result != nil)
        }
    }
}
