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
