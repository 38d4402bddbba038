import FoundationEssentials
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

/// Lists of executions, batches and dead letters in Postgres.
@Suite(.timeLimit(.minutes(5)))
struct ListTests {
    @Test func pagesMoveNothingWhileRowsCome() async throws {
        try await RecordStore.with { store in
            try await store.writeExecutions(40)
            // Of many at one time the id decides.
            try await store.pool.query(
                """
                update executions set submitted_at = (
                    select min(submitted_at) from executions where tenant <> 'rare')
                where tenant = 'tenant-1'
                """
            )
            let before = try await store.pool.query(
                "select id from executions order by submitted_at desc, id desc"
            )
            .map { try $0["id"] as UUID }
            let found = try await store.pages(of: ExecutionFilter(), size: 3) {
                try await store.writeExecutions(2)
            }
            #expect(found.map(\.id) == before)
        }
    }

    @Test(arguments: [
        ("state=failed", "state = 'failed'"),
        ("state=failed&state=errored", "state in ('failed', 'errored')"),
        ("reason=exit_code", "reason = 'exit_code'"),
        ("pool=pool-1", "pool = 'pool-1'"),
        ("level=high", "level = 'high'"),
        ("level=high&level=low&pool=rare", "level = 'high'"),
        ("tenant=tenant-2", "tenant = 'tenant-2'"),
        ("tenant=tenant-2&state=failed", "tenant = 'tenant-2' and state = 'failed'"),
        ("runtime=rare", "runtime = 'rare'"),
        ("worker=worker-1&worker=rare", "worker in ('worker-1', 'rare')"),
        ("label.student=s-3&label.student=s-6", "labels->>'student' in ('s-3', 's-6')"),
        ("label.student=rare&label.other=x", "false"),
        ("until=4m", "submitted_at < now() - interval '4 min'"),
        (
            "since=4m&state=succeeded",
            "submitted_at >= now() - interval '4 min' and state = 'succeeded'"
        ),
        ("id=0&id=1f", "id::text like '0%' or id::text like '1f%'"),
        ("batch=\(Self.batch)", "batch_id = '\(Self.batch)'"),
        ("state=running", "false"),
        ("state=failed&level=high", "false"),
        ("state=errored&level=high", "state = 'errored' and level = 'high'"),
        ("reason=exit_code&level=normal", "reason = 'exit_code'"),
        ("reason=exit_code&tenant=tenant-2", "reason = 'exit_code' and tenant = 'tenant-2'"),
        ("reason=exit_code&state=running&state=failed", "reason = 'exit_code'"),
        ("reason=exit_code&state=running", "false"),
        ("reason=exit_code&state=succeeded", "false"),
        ("reason=of_a_later_version&state=failed", "false"),
        ("tenant=tenant-2&level=normal", "tenant = 'tenant-2'"),
        (
            "worker=worker-0&level=normal&label.student=s-3",
            "worker = 'worker-0' and labels->>'student' = 's-3'"
        ),
    ])
    func aFilterFindsWhatItSays(_ query: String, _ condition: String) async throws {
        try await RecordStore.with { store in
            try await store.writeExecutions(600)
            let expected = try await store.pool.query(
                "select id from executions where \(condition) order by submitted_at desc, id desc"
            )
            .map { try $0["id"] as UUID }
            // Ages count from now, which moves.
            try #require(expected.isEmpty == (condition == "false"))
            let filter = try ExecutionFilter.query(query)
            let found = try await store.pages(of: filter, size: 50).map(\.id)
            let difference = Set(found).symmetricDifference(expected)
            #expect(difference.count <= (query.contains("4m") ? 2 : 0), "\(difference)")
            #expect(found.filter(Set(expected).contains) == expected.filter(Set(found).contains))
            #expect(
                try await store.executions.executionCount(filter, upTo: 1_000) == found.count
            )
            #expect(
                try await store.executions.executionCount(filter, upTo: 3) == min(found.count, 3)
            )
        }
    }

    @Test(arguments: ["level=high", "level=high&state=queued", "level=high&tenant=default"])
    func aLevelHasWhatWaitsInAPoolWhereNothingHasEnded(_ query: String) async throws {
        try await RecordStore.with { store in
            try await store.writeExecutions(20)
            let claim = Claim.sample(pool: "new", level: .high)
            _ = try await store.claim(claim)
            let filter = try ExecutionFilter.query(query)
            let found = try await store.pages(of: filter, size: 50)
            #expect(found.first?.id == claim.submission.id)
            #expect(found.count == (query == "level=high" ? 6 : 1))
            // What is done to all that match is done to it, too.
            let count = try await store.executions.executionCount(filter, upTo: 50)
            #expect(count == found.count)
        }
    }

    /// The batch of every tenth of the first thousand.
    private static let batch = "c0a3a2ac-b0ff-4f6a-8d0e-000000000000"

    @Test func aSummaryTellsWhatTheRecordHas() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample(tenant: "acme")
            _ = try await store.claim(claim)
            let page = ListPageRequest()
            let running = try await store.executions.executions(ExecutionFilter(), page: page)
            #expect(running.next == nil)
            let summary = try #require(running.items.first)
            #expect(summary.id == claim.submission.id)
            #expect(summary.tenant == "acme")
            #expect(summary.state == .queued)
            #expect(summary.attempt == 0 && summary.startedAt == nil)
            #expect(summary.worker == "worker-a")
            func found(_ states: ExecutionState...) async throws -> [ExecutionState] {
                var filter = ExecutionFilter()
                filter.states = states
                let plain = try await store.executions.executions(filter, page: page)
                filter.tenants = ["acme"]
                let ofTenant = try await store.executions.executions(filter, page: page)
                #expect(plain == ofTenant)
                return plain.items.map(\.state)
            }
            #expect(try await found(.queued) == [.queued])
            #expect(try await found(.queued, .running, .failed) == [.queued])
            #expect(try await found(.running).isEmpty)
            let start = Date(timeIntervalSince1970: 1_764_000_000)
            try await store.executions.markSandboxed([
                RunningAttempt(id: summary.id, attempt: 1, token: claim.token, startedAt: start)
            ])
            #expect(try await found(.running, .queued) == [.running])
            #expect(try await found(.running) == [.running])
            #expect(try await found(.queued).isEmpty)
            let started = try await store.executions.executions(ExecutionFilter(), page: page)
            #expect(started.items.first?.startedAt == start)
            #expect(started.items.first?.attempt == 1)
            #expect(summary.labels == ["student": "s-17"])
            _ = try await store.executions.finish([.sample(claim)])
            let ended = try await store.executions.executions(ExecutionFilter(), page: page)
            #expect(ended.items.first?.state == .cancelled)
            #expect(ended.items.first?.wallSeconds == 0.0041)
            #expect(ended.items.first?.finishedAt != nil)
        }
    }

    /// Each with the index that has what is asked for in the order of the list, or has it alone.
    private static let indexes = [
        ("", "executions_by_time"),
        ("since=1d", "executions_by_time"),
        ("state=errored", "executions_by_state"),
        ("reason=worker_killer", "executions_by_reason"),
        ("pool=rare", "executions_by_pool"),
        ("level=high", "executions_by_pool"),
        ("tenant=rare", "executions_by_tenant"),
        ("tenant=tenant-1&state=errored", "executions_by_tenant"),
        ("runtime=rare", "executions_by_runtime"),
        ("worker=rare", "executions_by_worker"),
        ("label.student=rare", "executions_by_label"),
        ("batch=c0a3a2ac-b0ff-4f6a-8d0e-000000000000", "executions_member"),
        ("id=0123", "executions_pkey"),
    ]

    @Test func eachQualifierHasAnIndex() async throws {
        try await RecordStore.with { store in
            try await store.writeExecutions(20_000)
            for (query, index) in Self.indexes {
                var statement = try await store.executions.listStatement(of: try .query(query))
                let sql = statement.sql(
                    "*",
                    from: "executions",
                    orderedBy: "submitted_at desc, id desc",
                    limit: 101
                )
                let plan = try await store.database.list(
                    "explain (costs off) \(sql)",
                    statement.parameters
                )
                .map { try $0[0] as String }.joined(separator: "\n")
                #expect(plan.contains(index), "\(query): \(plan)")
                #expect(!plan.contains("Seq Scan"), "\(query): \(plan)")
            }
        }
    }

    /// Qualifiers, what they mean, and how many pages there are where each looks through 500.
    private static let combinations = [
        // Each is common, and they hardly ever meet.
        ("pool=pool-0&runtime=java", "pool = 'pool-0' and runtime = 'java'", 3),
        ("tenant=tenant-1&runtime=java", "tenant = 'tenant-1' and runtime = 'java'", 3),
        ("label.course=c&worker=worker-1", "labels->>'course' = 'c' and worker = 'worker-1'", 3),
        // One is rare, and found wherever it is.
        ("runtime=rare&pool=rare", "runtime = 'rare'", 1),
        ("label.student=rare&worker=rare", "runtime = 'rare'", 1),
    ]

    @Test func aPageOfCommonQualifiersLooksBackSoFarAndTheNextGoesOn() async throws {
        try await RecordStore.with { store in
            try await store.writeExecutions(1_200)
            // The oldest few that have both.
            try await store.pool.query(
                """
                update executions set
                    labels = case when worker = 'worker-0' then '{"course": "c"}' else labels end,
                    runtime = case when is_old or pool = 'pool-1' and tenant <> 'tenant-1'
                        then 'java' else runtime end,
                    worker = case when is_old then 'worker-1' else worker end,
                    pool = case when is_old then 'pool-0' else pool end,
                    tenant = case when is_old then 'tenant-1' else tenant end
                from (
                    select id, worker = 'worker-0' and row_number() over (
                        partition by worker order by submitted_at) <= 7 as is_old
                    from executions
                ) as place
                where executions.id = place.id
                """
            )
            try await store.pool.query("analyze executions")
            for (query, condition, pages) in Self.combinations {
                let expected = try await store.pool.query(
                    "select id from executions where \(condition) order by submitted_at desc, id desc"
                )
                .map { try $0["id"] as UUID }
                try #require((5...7).contains(expected.count))
                let filter = try ExecutionFilter.query(query)
                for (limit, patience) in [(50, Duration.zero), (3, .zero), (50, .seconds(60))] {
                    var found: [UUID] = []
                    var page = ListPageRequest(limit: limit)
                    var count = 0
                    repeat {
                        let next = try await store.executions.page(
                            filter,
                            page,
                            depth: 500,
                            patience: patience
                        )
                        found += next.items.map(\.id)
                        #expect(next.items.count <= limit)
                        page.cursor = next.next
                        count += 1
                    } while page.cursor != nil
                    #expect(found == expected, "\(query)")
                    if limit == 50 { #expect(count == (patience == .zero ? pages : 1), "\(query)") }
                }
            }
        }
    }

    @Test func whatReadsTooMuchIsGivenUp() async throws {
        try await RecordStore.with { store in
            let error = try await storeFailure {
                try await store.database.access {
                    try await store.database.list("select pg_sleep(60)", [])
                }
            }
            #expect(error.code == .tooMuchToRead)
            #expect(!error.isRetryable)
            // The connection goes on.
            #expect(try await store.pages(of: ExecutionFilter(), size: 10).isEmpty)
        }
    }

    @Test func batchesAreListedNewestFirst() async throws {
        try await RecordStore.with { store in
            let batches = (0..<5).map { _ in BatchAdmission.sample(2) }
            for batch in batches { _ = try await store.executions.admit(batch) }
            var found: [UUID] = []
            var page = ListPageRequest(limit: 2)
            repeat {
                let next = try await store.executions.batches(BatchFilter(), page: page)
                found += next.items.map(\.id)
                page.cursor = next.next
            } while page.cursor != nil
            let newest = try await store.pool.query(
                "select id from batches order by submitted_at desc, id desc"
            )
            .map { try $0["id"] as UUID }
            #expect(found == newest)
            var filter = BatchFilter()
            filter.states = [.completed]
            let completed = try await store.executions.batches(filter, page: page)
            #expect(completed.items.isEmpty)
            filter.states = [.running]
            filter.ids = [try #require(IDPrefix(String(batches[0].id.text.prefix(13))))]
            let one = try await store.executions.batches(filter, page: page)
            #expect(one.items.map(\.id) == [batches[0].id])
            filter = BatchFilter()
            filter.tenants = ["nobody"]
            #expect(try await store.executions.batches(filter, page: page).items.isEmpty)
        }
    }

    @Test func deadLettersOfOneKindAreFoundByAnIndex() async throws {
        try await RecordStore.with { store in
            try await store.pool.query(
                """
                insert into dead_letters (error_type, reason, queue, properties, body, body_bytes)
                select case when n = 1 then 'rare' else 'too_large' end, 'reason ' || n, 'q',
                    json_build_object('headers', json_build_object('tenant', case when n = 2
                        then 'rare' else 'default' end)), '', 0
                from generate_series(1, 20000) as n
                """
            )
            try await store.pool.query("analyze dead_letters")
            for (filter, index) in [
                (DeadLetterFilter(errorTypes: ["rare"]), "dead_letters_by_type"),
                (DeadLetterFilter(tenants: ["rare"]), "dead_letters_by_tenant"),
                (DeadLetterFilter(), "dead_letters_pkey"),
            ] {
                let list = DeadLetterQuery.list(filter, below: nil, limit: 101)
                let plan = try await store.database.list("explain \(list.sql)", list.parameters)
                    .map { try $0[0] as String }.joined(separator: "\n")
                #expect(plan.contains(index), "\(plan)")
                let found = try await store.letters.page(filter, ListPageRequest(limit: 2))
                #expect(found.items.count == (filter.isEmpty ? 2 : 1))
                #expect((found.next != nil) == filter.isEmpty)
            }
        }
    }
}
