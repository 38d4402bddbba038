internal import FoundationEssentials
internal import PostgreSQL
public import SandmillEntity
public import SandmillService

/// Finds in Postgres what has been kept for long enough.
public struct PostgreSQLRetention: RetentionStore {
    private let database: Database
    private let executions: PostgreSQLExecutionStore

    /// Finds it in `database`.
    public init(_ database: Database) {
        self.database = database
        executions = PostgreSQLExecutionStore(database, cluster: "")
    }

    // MARK: - Sweeps

    /// Moves the time of a sweep to the end of its lease, if it has come.
    public func begin(_ sweep: Sweep, by holder: String) async throws(StoreError) -> Bool {
        try await database.access {
            try await database.pool.query(
                """
                update sweeps set due_at = now() + interval '30 s', holder = $2
                where name = $1 and due_at <= now()
                """,
                [sweep.rawValue, holder]
            )
            .affectedCount > 0
        }
    }

    /// Moves the time of a sweep on.
    public func extend(_ sweep: Sweep, by holder: String) async throws(StoreError) -> Bool {
        try await database.access {
            try await database.pool.query(
                """
                update sweeps set due_at = now() + interval '30 s'
                where name = $1 and holder = $2
                """,
                [sweep.rawValue, holder]
            )
            .affectedCount > 0
        }
    }

    /// Moves the time of a sweep to the next.
    public func end(
        _ sweep: Sweep,
        by holder: String,
        next interval: Duration
    ) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                update sweeps set due_at = now() + make_interval(secs => $3), holder = null
                where name = $1 and holder = $2
                """,
                [sweep.rawValue, holder, interval / .seconds(1)]
            )
        }
    }

    // MARK: - Executions

    /// Goes along the index from one pool to the next.
    public func pools() async throws(StoreError) -> [String] {
        try await database.access {
            try await database.pool.query(
                """
                with recursive known as (
                    (select pool from executions
                        where finished_at is not null and retain_seconds is null
                        order by pool limit 1)
                    union all
                    select next.pool from known, lateral (
                        select pool from executions
                        where finished_at is not null and retain_seconds is null
                            and pool > known.pool
                        order by pool limit 1) as next
                )
                select pool from known
                """
            )
            .map { try $0["pool"] }
        }
    }

    /// Reads a page, by the index of the rule.
    public func kept(
        by rule: RetentionRule,
        after cursor: ListCursor?,
        limit: Int
    ) async throws(StoreError) -> [KeptExecution] {
        try await database.access {
            try await database.pool.query(
                Self.sql(of: rule),
                Self.parameters(of: rule, after: cursor, limit: limit)
            )
            .map { try KeptExecution($0) }
        }
    }

    static func sql(of rule: RetentionRule) -> String {
        switch rule {
        case .ended: endedSQL
        case .requested: requestedSQL
        }
    }

    static func parameters(
        of rule: RetentionRule,
        after cursor: ListCursor?,
        limit: Int
    ) -> [any PostgreSQLValue] {
        let cursor = cursor ?? ListCursor(number: 0)
        let place: [any PostgreSQLValue] = [cursor.microseconds, cursor.id, limit]
        switch rule {
        case .ended(let pool, let state, let age):
            return place + [pool, state.rawValue, age / .seconds(1)]
        case .requested: return place
        }
    }

    private static let endedSQL = """
        select id, labels, coalesce(results_bytes, 0) as size,
            \(ListCursor.column(of: "finished_at"))
        from executions
        where pool = $4 and state = $5 and retain_seconds is null and finished_at is not null
            and finished_at < now() - make_interval(secs => $6)
            and (finished_at, id) > ('epoch'::timestamptz + $1 * interval '1 microsecond', $2)
        order by finished_at, id limit $3
        """

    private static let requestedSQL = """
        select id, labels, coalesce(results_bytes, 0) as size,
            (\(Migration.retainedUntil) * 1000000)::int8 as place
        from executions
        where finished_at is not null and retain_seconds is not null
            and \(Migration.retainedUntil) < date_part('epoch', now())
            and (\(Migration.retainedUntil), id) > ($1::int8 / 1000000::float8, $2::uuid)
        order by \(Migration.retainedUntil), id limit $3
        """

    /// Reads a page, by the indexes for lists: each state is a branch.
    public func oldest(
        of tenant: String?,
        after cursor: ListCursor?,
        limit: Int
    ) async throws(StoreError) -> [KeptExecution] {
        try await database.access {
            var statement = try await Self.oldest(of: tenant, after: cursor, in: executions)
            return try await database.list(
                statement.sql(
                    "id, labels, coalesce(results_bytes, 0) as size, submitted_at, "
                        + ListCursor.column(of: "submitted_at"),
                    from: "executions",
                    orderedBy: "submitted_at, id",
                    limit: limit
                ),
                statement.parameters
            )
            .map { try KeptExecution($0) }
        }
    }

    static func oldest(
        of tenant: String?,
        after cursor: ListCursor?,
        in executions: PostgreSQLExecutionStore
    ) async throws -> ListStatement {
        var filter = ExecutionFilter()
        filter.states = RetentionPolicy.states
        if let tenant { filter.tenants = [tenant] }
        var statement = try await executions.listStatement(of: filter)
        statement.require(after: cursor, by: "submitted_at", oldestFirst: true)
        return statement
    }

    /// Adds up by the two indexes, which have all that is needed.
    public func resultsSizes() async throws(StoreError) -> [String: ByteCount] {
        try await database.access {
            let rows = try await database.pool.query(
                Self.sizesSQL,
                [],
                timeout: .seconds(300)
            )
            return Dictionary(
                uniqueKeysWithValues: try rows.map { row in
                    (try row["tenant"], ByteCount(try row["size"] as Int64))
                }
            )
        }
    }

    static let sizesSQL = """
        select tenant, sum(size)::int8 as size
        from (
            select tenant, sum(results_bytes) as size from executions
            where finished_at is not null and retain_seconds is null
            group by tenant
            union all
            select tenant, sum(results_bytes) from executions
            where finished_at is not null and retain_seconds is not null
            group by tenant
        ) as part
        group by tenant having sum(size) > 0
        """

    /// Adds up what the records of a version before tell.
    public func measure(limit: Int) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.query(
                """
                with unmeasured as materialized (
                    select id from executions
                    where finished_at is not null and results_bytes is null
                    order by id limit $1 for update skip locked
                )
                update executions
                set results_bytes = case when results_path is null then 0 else
                    coalesce((result->'stdout'->>'stored_bytes')::int8, 0)
                    + coalesce((result->'stderr'->>'stored_bytes')::int8, 0)
                    + octet_length(result::text)
                    + coalesce((
                        select sum(bytes) from files where execution_id = executions.id), 0)
                    end
                from unmeasured where executions.id = unmeasured.id
                """,
                [limit]
            )
            .affectedCount
        }
    }

    // MARK: - Other records

    /// Removes a group, having added up all that are there.
    ///
    /// Those that their publisher had no right to send in a tenant's name are counted by themselves, or they
    /// would drive that tenant's own out.
    public func removeDeadLetters(
        above quota: ByteCount,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.query(
                Self.excessDeadLettersSQL,
                [quota.bytes, limit],
                timeout: .seconds(300)
            )[0][0]
        }
    }

    /// A row has about a kibibyte beside its body.
    private static let excessDeadLettersSQL = """
        with added_up as (
            select id, sum(octet_length(body) + 1024) over (
                partition by \(DeadLetterQuery.tenant), error_type = '\(forbidden)'
                order by id desc) as size
            from dead_letters
        ),
        old as materialized (
            select dead_letters.id
            from added_up join dead_letters on dead_letters.id = added_up.id
            where size > $1 order by dead_letters.id limit $2
            for update of dead_letters skip locked
        ),
        gone as (
            delete from dead_letters using old where dead_letters.id = old.id returning 1
        )
        select count(*) from gone
        """

    private static let forbidden = RequestRefusal.Kind.forbiddenTenant.rawValue

    /// Removes a group, by an index.
    public func remove(
        _ kind: RetainedKind,
        olderThan age: Duration,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.query(Self.removal(of: kind), [age / .seconds(1), limit])[0][0]
        }
    }

    static func removal(of kind: RetainedKind) -> String {
        let (table, old) =
            switch kind {
            case .deadLetters:
                (
                    "dead_letters",
                    """
                    select id from dead_letters
                    where kept_at < now() - make_interval(secs => $1)
                    order by kept_at limit $2 for update skip locked
                    """
                )
            case .batches:
                (
                    "batches",
                    """
                    select id from batches
                    where size >= 0 and submitted_at < now() - make_interval(secs => $1)
                        and finished_at < now() - make_interval(secs => $1)
                        and not exists (select from executions where batch_id = batches.id)
                    order by submitted_at, id limit $2 for update skip locked
                    """
                )
            case .removed:
                (
                    "deleted_executions",
                    """
                    select id from deleted_executions
                    where paths is null and deleted_at < now() - make_interval(secs => $1)
                    order by deleted_at limit $2 for update skip locked
                    """
                )
            case .bulkActions:
                (
                    "bulk_actions",
                    """
                    select id from bulk_actions
                    where created_at < now() - make_interval(secs => $1)
                        and finished_at < now() - make_interval(secs => $1)
                    order by created_at, id limit $2 for update skip locked
                    """
                )
            case .audit:
                (
                    "audit",
                    """
                    select id from (
                        select id, at from audit where id > 0 order by id limit $2
                    ) as oldest
                    where at < now() - make_interval(secs => $1)
                    """
                )
            }
        let members =
            kind == .batches
            ? """
            , member as (
                delete from refused_members using old where batch_id = old.id
            )
            """ : ""
        return """
            with old as materialized (\(old))\(members), gone as (
                delete from \(table) using old where \(table).id = old.id returning 1
            )
            select count(*) from gone
            """
    }
}

extension KeptExecution {
    fileprivate init(_ row: Row) throws {
        let labels: JSON = try row["labels"]
        self.init(
            id: try row["id"],
            labels: (try? StoredJSON.decode([String: String].self, from: labels)) ?? [:],
            size: ByteCount(try row["size"] as Int64),
            cursor: try ListCursor(row)
        )
    }
}
