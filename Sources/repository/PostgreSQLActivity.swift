internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

extension PostgreSQLQueueStatistics {
    /// Reads what `pools` have ended within `window`, and up to `limit` executions that run; each by an index.
    public func activity(
        of pools: [String],
        within window: Duration,
        limit: Int
    ) async throws(StoreError) -> Activity {
        try await database.access {
            let paces = try await database.pool.query(
                """
                select pool.name as pool, recent.*
                from unnest($1::text[]) as pool (name) cross join lateral (
                    select count(*) as ended,
                        count(*) filter (where state <> 'succeeded') as unsuccessful,
                        extract(epoch from percentile_cont(0.5) within group (
                            order by started_at - submitted_at))::float8 as median_wait,
                        extract(epoch from percentile_cont(0.95) within group (
                            order by started_at - submitted_at))::float8 as long_wait
                    from executions
                    where executions.pool = pool.name
                        and finished_at > now() - $2 * interval '1 s'
                ) as recent
                where recent.ended > 0 order by 1
                """,
                [pools, window / .seconds(1)]
            )
            let running = try await database.pool.query(
                """
                select id, tenant, pool, level, runtime, worker, attempt,
                    extract(epoch from now() - started_at)::float8 as age
                from executions
                where finished_at is null and worker is not null and state = 'running'
                    and sandboxed_attempt is not distinct from attempt
                order by started_at limit $1
                """,
                [limit]
            )
            return Activity(
                paces: try paces.map { row in
                    Activity.Pace(
                        pool: try row["pool"],
                        ended: try row["ended"],
                        unsuccessful: try row["unsuccessful"],
                        medianWait: try Duration(seconds: row["median_wait"]),
                        longWait: try Duration(seconds: row["long_wait"])
                    )
                },
                running: try running.map { row in
                    Activity.Running(
                        id: try row["id"],
                        tenant: try row["tenant"],
                        pool: try row["pool"],
                        level: try row["level"],
                        runtime: try row["runtime"],
                        worker: try row["worker"],
                        attempt: try row["attempt"],
                        age: try Duration(seconds: row["age"]) ?? .zero
                    )
                }
            )
        }
    }
}
