public import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Tells how executions ended, by the index of ends.
public struct PostgreSQLRecentEnds: RecentEndsSource {
    private static let sampleSize = 2_000

    private let database: Database

    /// Reads from `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Reads the latest ends of each pool.
    public func durations(in pools: [String]) async throws(StoreError) -> [LaneDurations] {
        try await database.access {
            try await database.pool.query(Self.durations, [pools, Self.sampleSize])
                .compactMap { try LaneDurations($0) }
        }
    }

    /// Counts by minute and state.
    public func ends(
        in pools: [String],
        since start: Date
    ) async throws(StoreError) -> [EndCount] {
        try await database.access {
            try await database.pool.query(
                """
                select date_trunc('minute', finished_at) as minute, state, count(*) as count
                from executions where pool = any($1) and finished_at >= $2
                group by 1, 2 order by 1, 2
                """,
                [pools, start]
            )
            .compactMap { row in
                guard let state = ExecutionState(rawValue: try row["state"]) else { return nil }
                return EndCount(minute: try row["minute"], state: state, count: try row["count"])
            }
        }
    }

    private static let durations = """
        with ended as (
            select pool, level,
                extract(epoch from started_at - submitted_at)::float8 as wait,
                extract(epoch from finished_at - started_at)::float8 as run
            from unnest($1::text[]) as pools (name) cross join lateral (
                select pool, level, submitted_at, started_at, finished_at from executions
                where executions.pool = pools.name
                    and finished_at > now() - interval '5 min'
                order by finished_at desc limit $2
            ) as latest
            where started_at is not null
        )
        select pool, level,
            percentile_cont(0.5) within group (order by wait) as wait_p50,
            percentile_cont(0.95) within group (order by wait) as wait_p95,
            percentile_cont(0.5) within group (order by run) as run_p50,
            percentile_cont(0.95) within group (order by run) as run_p95
        from ended group by pool, level
        """
}

extension LaneDurations {
    /// Reads a row; nil for a level of a later version.
    fileprivate init?(_ row: Row) throws {
        guard let level = Level(rawValue: try row["level"]) else { return nil }
        self.init(
            pool: try row["pool"],
            level: level,
            wait: Quantiles(
                p50: .seconds(try row["wait_p50", as: Double.self]),
                p95: .seconds(try row["wait_p95", as: Double.self])
            ),
            run: Quantiles(
                p50: .seconds(try row["run_p50", as: Double.self]),
                p95: .seconds(try row["run_p95", as: Double.self])
            )
        )
    }
}
