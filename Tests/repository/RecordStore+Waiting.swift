import FoundationEssentials
import PostgreSQL
import SandmillEntity
import Testing

@testable import SandmillRepository

extension RecordStore {
    /// Begins a transaction, runs `first` in it, starts `second`, commits when `second` waits for a lock of
    /// the transaction, and returns what `second` does.
    func interleave<Value: Sendable>(
        _ first: @Sendable @escaping (isolated Connection) throws -> Void,
        with second: @Sendable @escaping () async throws -> Value,
        beforeCommit last: @Sendable @escaping (isolated Connection) throws -> Void = { _ in }
    ) async throws -> Value {
        try await pool.withConnection { connection in
            try connection.query("begin")
            try first(connection)
            let pid: Int = try connection.query("select pg_backend_pid()")[0][0]
            async let value = second()
            try await waitUntilSomebodyWaits(for: pid)
            try last(connection)
            try connection.query("commit")
            return try await value
        }
    }

    private func waitUntilSomebodyWaits(for pid: Int) async throws {
        var isWaiting = false
        while !isWaiting, !Task.isCancelled {
            isWaiting = try await value(
                "select exists (select from pg_locks where $1::int8 = any(pg_blocking_pids(pid)::int8[]))",
                [pid]
            )
        }
    }

    /// How what a worker runs has to end.
    func decidedEnds(runBy worker: String) async throws -> [UUID: Outcome] {
        let ids = try await pool.query("select id from executions").map { try $0[0] as UUID }
        return try await cancellations.decidedEnds(of: ids, runBy: worker)
    }

    /// How many rows of a table all scans of the store, which has one connection, have read.
    func reads(_ table: String = "executions") async throws -> Int {
        // Only a session itself can tell the server at once what it has read.
        try await database.pool.query("select pg_stat_force_next_flush()")
        return try await value(
            """
            select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
            from pg_stat_user_tables where relname = $1 and schemaname = current_schema()
            """,
            [table]
        )
    }

    /// How many pages a statement reads, found in the cache or not; it has its effects.
    func pages(_ sql: String, _ parameters: [any PostgreSQLValue]) async throws -> Int {
        let plan = try await database.pool.query("explain (analyze, buffers) \(sql)", parameters)
            .map { try $0[0] as String }
        let line = try #require(plan.first { $0.contains("Buffers: ") })
        return line.matches(of: /(hit|read)=(\d+)/).reduce(0) { $0 + (Int($1.output.2) ?? 0) }
    }

    /// Lets executions wait in the store, `count` of each of so many tenants, one tenant's after the other's.
    func parkLanes(
        _ lanes: Int,
        count: Int,
        pool name: String = "python",
        level: Level = .normal,
        availableIn seconds: Double = 0
    ) async throws {
        try await pool.query(
            """
            insert into executions (
                id, tenant, pool, level, runtime, labels, state, waits, attempt, submitted_at,
                available_at, request_properties, request_digest, request_body)
            select gen_random_uuid(), 'tenant-' || lpad(lane::text, 6, '0'), $3, $4, 'python', '{}',
                'queued', 'store', 0, now() + (lane * $2 + n - $1 * $2) * interval '1 ms',
                now() + make_interval(secs => $5),
                '{"headers": {}, "message_id": "x"}', '', '{"source": ""}'
            from generate_series(1, $1::int8) as lane, generate_series(0, $2::int8 - 1) as n
            """,
            [lanes, count, name, level.rawValue, seconds]
        )
    }

    /// Puts copies of an execution into the store, with the columns that `changes` sets.
    func multiply(_ id: UUID, by count: Int, changes: String? = nil) async throws {
        let copied = try await database.pool.query(
            """
            with copy as (
                insert into executions
                select (jsonb_populate_record(
                    executions, jsonb_build_object('id', gen_random_uuid()))).*
                from executions, generate_series(1, $2) where id = $1
                returning id
            )
            select array_agg(id::text) as ids from copy
            """,
            [id, count]
        )
        if let changes {
            let ids: [String] = try copied[0]["ids"]
            try await database.pool.query(
                "update executions set \(changes) where id = any($1::text[]::uuid[])",
                [ids]
            )
        }
    }
}
