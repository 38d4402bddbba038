internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Counts what Postgres knows of an installation.
public struct PostgreSQLQueueStatistics: QueueStatisticsSource {
    let database: Database

    /// Counts in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Counts, one statement a table.
    public func census() async throws(StoreError) -> QueueStatistics {
        try await database.access {
            let pool = database.pool
            let executions = try await pool.query(
                """
                select pool, level, case when is_held then 'queued' else state end as state,
                    count(*) as count,
                    count(*) filter (where is_held) as claimed,
                    count(*) filter (where state = 'queued' and waits = 'broker') as awaited,
                    count(*) filter (where state = 'queued' and waits in ('time', 'batch'))
                        as deferred,
                    extract(epoch from now() - min(greatest(submitted_at, available_at))
                        filter (where is_held or state = 'queued' and waits in ('broker', 'store'))
                        )::float8 as oldest
                from executions, lateral (
                    select \(PostgreSQLExecutionStore.isHeld) as is_held) as hold
                where finished_at is null group by 1, 2, 3 order by 1, 2, 3
                """
            )
            let sandboxes = try await pool.query(
                """
                select pool, state, count(*) as count from sandboxes
                group by pool, state order by pool, state
                """
            )
            let letters = try await pool.query(
                "select error_type, count(*) as count from dead_letters group by error_type"
            )
            let others = try await pool.query(
                """
                select (select count(*) from outbox) as outbox,
                    (select extract(epoch from now() - min(created_at)) from outbox)::float8
                        as outbox_oldest,
                    (select count(*) from workers where expires_at > now()) as workers
                """
            )
            let rejections = try await pool.query(
                """
                select message->>'exchange' as exchange, count(*) as count
                from outbox where rejections > 0 group by 1
                """
            )
            var rejected: [String: Int] = [:]
            for row in rejections { rejected[try row["exchange"]] = try row["count"] }
            var deadLetters: [String: Int] = [:]
            for row in letters { deadLetters[try row["error_type"]] = try row["count"] }
            return QueueStatistics(
                executions: try executions.compactMap { try QueueStatistics.Executions($0) },
                sandboxes: try sandboxes.map { row in
                    QueueStatistics.Sandboxes(
                        pool: try row["pool"],
                        state: try row["state"],
                        count: try row["count"]
                    )
                },
                outbox: try others[0]["outbox"],
                outboxOldest: try Duration(seconds: others[0]["outbox_oldest"]),
                rejected: rejected,
                deadLetters: deadLetters,
                workers: try others[0]["workers"]
            )
        }
    }
}

extension PostgreSQLQueueStatistics: WaitingLaneSource {
    /// Counts what waits in the store for a worker, by an index.
    public func waitingLanes(limit: Int) async throws(StoreError) -> [WaitingLane] {
        try await database.access {
            try await database.pool.query(
                """
                select pool, level, tenant, count(*) as count,
                    extract(epoch from now() - min(submitted_at))::float8 as oldest
                from executions where waits = 'store' and state = 'queued'
                group by pool, level, tenant order by 4 desc, 1, 2, 3 limit $1
                """,
                [limit]
            )
            .compactMap { row in
                guard let level = Level(rawValue: try row["level"]) else { return nil }
                return WaitingLane(
                    pool: try row["pool"],
                    level: level,
                    tenant: try row["tenant"],
                    count: try row["count"],
                    oldest: try Duration(seconds: row["oldest"]) ?? .zero
                )
            }
        }
    }
}

extension PostgreSQLQueueStatistics {
    /// Finds what the broker rejects, by routing key, what it has rejected most often first.
    public func rejectedMessages(limit: Int) async throws(StoreError) -> [RejectedMessages] {
        try await database.access {
            try await database.pool.query(
                """
                select message->>'exchange' as exchange, message->>'routing_key' as routing_key,
                    count(*) as count, max(rejections) as rejections
                from outbox where rejections > 0
                group by 1, 2 order by 4 desc, 3 desc, 2 limit $1
                """,
                [limit]
            )
            .compactMap { row in
                guard let exchange = OutboundMessage.Exchange(rawValue: try row["exchange"]) else {
                    return nil
                }
                return RejectedMessages(
                    exchange: exchange,
                    routingKey: try row["routing_key"],
                    count: try row["count"],
                    rejections: try row["rejections"]
                )
            }
        }
    }

    /// Counts executions that have waited for their message from the broker for longer than so long.
    public func awaitedCount(longerThan patience: Duration) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.query(AwaitedStatement.count, [patience / .seconds(1)])[0][0]
        }
    }
}

extension QueueStatistics.Executions {
    /// Reads a row; nil for a level or a state of a later version.
    fileprivate init?(_ row: Row) throws {
        guard let level = Level(rawValue: try row["level"]),
            let state = ExecutionState(rawValue: try row["state"])
        else { return nil }
        self.init(
            pool: try row["pool"],
            level: level,
            state: state,
            count: try row["count"],
            claimed: try row["claimed"],
            awaited: try row["awaited"],
            deferred: try row["deferred"],
            oldest: try Duration(seconds: row["oldest"])
        )
    }
}

extension Duration {
    /// So many seconds, none below nought, which clocks of two machines may give; nil for nil.
    init?(seconds: Double?) {
        guard let seconds else { return nil }
        self = .seconds(max(seconds, 0))
    }
}
