internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Counts what Postgres knows of an installation.
public struct PostgreSQLCensus: CensusTaker {
    private let database: Database

    /// Counts in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Counts, one statement a table.
    public func census() async throws(StoreError) -> Census {
        try await database.access {
            let pool = database.pool
            let executions = try await pool.query(
                """
                select pool, level, state, count(*) as count from executions
                where finished_at is null group by pool, level, state order by pool, level, state
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
                    (select count(*) from workers where expires_at > now()) as workers
                """
            )
            var deadLetters: [String: Int] = [:]
            for row in letters { deadLetters[try row["error_type"]] = try row["count"] }
            return Census(
                executions: try executions.compactMap { try Census.Executions($0) },
                sandboxes: try sandboxes.map { row in
                    Census.Sandboxes(
                        pool: try row["pool"],
                        state: try row["state"],
                        count: try row["count"]
                    )
                },
                outbox: try others[0]["outbox"],
                deadLetters: deadLetters,
                workers: try others[0]["workers"]
            )
        }
    }
}

extension PostgreSQLCensus {
    /// Counts executions that have waited for their message from the broker for longer than so long.
    public func awaitedCount(longerThan patience: Duration) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.query(AwaitedStatement.count, [patience / .seconds(1)])[0][0]
        }
    }
}

extension Census.Executions {
    /// Reads a row; nil for a level or a state of a later version.
    fileprivate init?(_ row: Row) throws {
        guard let level = Level(rawValue: try row["level"]),
            let state = ExecutionState(rawValue: try row["state"])
        else { return nil }
        self.init(pool: try row["pool"], level: level, state: state, count: try row["count"])
    }
}
