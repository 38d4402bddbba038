public import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Reads what an overview shows from Postgres.
public struct PostgreSQLOverview: OverviewSource {
    /// Quantiles are those of the latest so many ends of a pool.
    private static let sampleSize = 2_000

    private let database: Database

    /// Reads from `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Counts what waits and runs now, in four statements.
    public func overview(pools: [String]) async throws(StoreError) -> InstallationOverview {
        try await database.access {
            let pool = database.pool
            let lanes = try await pool.query(Self.lanes, [pools, Self.sampleSize])
            let sandboxes = try await pool.query(
                """
                select pool, state, count(*) as count from sandboxes
                group by pool, state order by pool, state
                """
            )
            let others = try await pool.query(
                """
                select (select count(*) from outbox) as outbox,
                    (select min(available_at) from outbox) as due,
                    (select count(*) from workers where expires_at > now()) as workers,
                    (select count(*) from dead_letters) as letters
                """
            )[0]
            return InstallationOverview(
                lanes: try lanes.compactMap { try InstallationOverview.Lane($0) },
                sandboxes: try sandboxes.map { row in
                    InstallationOverview.Sandboxes(
                        pool: try row["pool"],
                        state: try row["state"],
                        count: try row["count"]
                    )
                },
                workers: try others["workers"],
                outbox: try others["outbox"],
                outboxDueAt: try others["due"],
                deadLetters: try others["letters"]
            )
        }
    }

    /// Counts what ended, by the index of ends.
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

    private static let lanes = """
        with open as (
            select pool, level,
                count(*) filter (where state = 'queued') as waiting,
                count(*) filter (where state = 'running') as running,
                min(submitted_at) filter (where state = 'queued' and available_at <= now()) as oldest
            from executions where finished_at is null and pool = any($1) group by pool, level
        ), ended as (
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
        ), quantiles as (
            select pool, level,
                percentile_cont(0.5) within group (order by wait) as wait_p50,
                percentile_cont(0.95) within group (order by wait) as wait_p95,
                percentile_cont(0.5) within group (order by run) as run_p50,
                percentile_cont(0.95) within group (order by run) as run_p95
            from ended group by pool, level
        )
        select pool, level, coalesce(waiting, 0) as waiting, coalesce(running, 0) as running, oldest,
            wait_p50, wait_p95, run_p50, run_p95
        from open full join quantiles using (pool, level)
        """
}

extension InstallationOverview.Lane {
    /// Reads a row; nil for a level of a later version.
    fileprivate init?(_ row: Row) throws {
        guard let level = Level(rawValue: try row["level"]) else { return nil }
        self.init(
            pool: try row["pool"],
            level: level,
            waiting: try row["waiting"],
            running: try row["running"],
            oldest: try row["oldest"],
            wait: InstallationOverview.Quantiles(
                p50: try row["wait_p50"],
                p95: try row["wait_p95"]
            ),
            run: InstallationOverview.Quantiles(p50: try row["run_p50"], p95: try row["run_p95"])
        )
    }
}

extension InstallationOverview.Quantiles {
    /// Seconds; nil where either is unknown.
    fileprivate init?(p50: Double?, p95: Double?) {
        guard let p50, let p95 else { return nil }
        self.init(p50: .seconds(p50), p95: .seconds(p95))
    }
}
