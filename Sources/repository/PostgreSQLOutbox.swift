internal import PostgreSQL
public import SandmillService

/// The outbox in Postgres.
///
/// A row has one time, when it may be taken; whoever takes it moves that to the end of its lease.
public struct PostgreSQLOutbox: Outbox {
    private let database: Database

    /// The outbox of `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// SQL that lets a transaction end before its flush.
    ///
    /// What a crash undoes here is a lease or a removal: the message is sent again, with its id.
    private static let relaxation = """
        (select set_config('synchronous_commit', 'off', true)) as relaxation
        """

    /// The most bytes of bodies that are leased at once, but for the first.
    private static let byteBudget = 32 << 20

    /// Takes messages that are due, for 30 s.
    public func lease(
        by worker: String,
        limit: Int
    ) async throws(StoreError) -> [OutboxMessage] {
        try await database.access {
            try await database.pool.query(
                """
                with due as materialized (
                    select id, available_at, octet_length(body) as size
                    from outbox where available_at <= now()
                    order by available_at, id limit $2
                    for update skip locked
                ),
                fitting as (
                    select id, sum(size) over (order by available_at, id) - size as bytes_before
                    from due
                ),
                leased as (
                    update outbox
                    set available_at = now() + interval '30 s', leased_by = $1
                    from fitting, \(Self.relaxation)
                    where outbox.id = fitting.id and bytes_before <= \(Self.byteBudget)
                    returning outbox.id, message, body
                )
                select * from leased order by id
                """,
                [worker, limit]
            )
            .compactMap { try OutboxMessage($0) }
        }
    }

    /// Ends leases, unless somebody else has the message by now.
    public func release(_ ids: [Int64], by worker: String) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                update outbox set available_at = now() + interval '1 s' from \(Self.relaxation)
                where id = any($1) and leased_by = $2
                """,
                [ids, worker]
            )
        }
    }

    /// Removes messages, leased or not.
    public func remove(_ ids: [Int64]) async throws(StoreError) {
        guard !ids.isEmpty else { return }
        try await database.access {
            try await database.pool.query(
                "delete from outbox using \(Self.relaxation) where id = any($1)",
                [ids]
            )
        }
    }
}
