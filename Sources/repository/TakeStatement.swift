internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Claims executions that wait in the store.
///
/// Whoever takes holds ``lock`` until its transaction ends, so that two never choose the same. (The wait
/// for it is why times are those of the clock: `now()` is when the transaction began.) The
/// lanes are found by skipping along the index from one to the next: what a statement costs depends
/// on how many lanes there are and on how many executions it takes, not on how many wait.
enum TakeStatement {
    /// Takes the lock, if something waits, and tells whether it did.
    ///
    /// With the pool, how far back to look for executions, in seconds or null, and whether to lock in any
    /// case. A worker that stops between its statements gives the lock back soon.
    static let lock = """
        select is_needed as is_held, set_config('idle_in_transaction_session_timeout', '5s', true),
            -- Takes of a pool follow one another, so that this wait may be longer than others.
            set_config('lock_timeout', '10s', true),
            case when is_needed then pg_advisory_xact_lock(
                hashtextextended('sandmill take ' || current_schema() || ' ' || $1, 0)) end,
            set_config('lock_timeout', usual_timeout, true)
        from (
            -- Not "exists", for which the planner has another index, without the time.
            select $3::bool or (
                select id from executions
                where waits = 'store' and pool = $1 and \(isRecent(age: "$2")) and worker is null
                order by available_at limit 1
            ) is not null as is_needed, current_setting('lock_timeout') as usual_timeout offset 0
        ) as need
        """

    /// SQL for whether an execution that waits has done so for no longer than so many seconds, or null.
    static func isRecent(age: String) -> String {
        "available_at >= coalesce(statement_timestamp() - make_interval(secs => \(age)), '-infinity')"
    }

    static func parameters(_ takeRequest: TakeRequest) -> [any PostgreSQLValue] {
        let held = takeRequest.held.map { $0 }
        return [
            takeRequest.pool,
            takeRequest.count,
            takeRequest.worker,
            takeRequest.token,
            held.map(\.key.level.rawValue),
            held.map(\.key.tenant),
            held.map { Int32(clamping: $0.value) },
            takeRequest.newcomers,
            takeRequest.isRepeated,
        ]
    }

    /// Reads a row.
    ///
    /// One whose request cannot be read fails no other: it is not runnable.
    static func execution(_ row: Row) throws -> TakenExecution {
        let grant = try AttemptGrant(row)
        var unrunnable = try UnstartedExecution(
            row,
            outcome: Outcome(.errored, .unknownPool),
            endedAt: grant.startedAt
        )
        let body: Data? = try row["request_body"]
        if body == nil || unrunnable.properties.messageID == nil {
            unrunnable.outcome = Outcome(.errored, .unreadableRecord)
        }
        return TakenExecution(
            request: RequestMessage(properties: unrunnable.properties, body: Array(body ?? Data())),
            grant: grant,
            isLimited: try row["is_limited"],
            unrunnable: unrunnable
        )
    }

    /// SQL for each level with its handicap and its weight.
    private static let levels = Level.allCases.map { level in
        "('\(level.rawValue)', make_interval(secs => \(level.handicap / .seconds(1))), \(level.weight))"
    }
    .joined(separator: ", ")

    static let sql = """
        with recursive lane as (
            (select level, tenant from executions
                where waits = 'store' and pool = $1 order by level, tenant limit 1)
            union all
            select next.level, next.tenant from lane, lateral (
                select level, tenant from executions
                where waits = 'store' and pool = $1
                    and (level, tenant) > (lane.level, lane.tenant)
                order by level, tenant limit 1) as next
        ),
        share as materialized (
            select least($2 + $8, ($2 + $8) * 3 / greatest(count(*), 1) + 1) as count from lane
        ),
        repeated as (
            select id from executions
            where $9 and worker = $3 and finished_at is null and claim_token = $4
                and state = 'running'
        ),
        candidate as (
            select head.*, head.submitted_at + handicap as age,
                coalesce(count, 0) + turn = 1 as is_first,
                case when coalesce(count, 0) + turn = 1 then 0
                    else (coalesce(count, 0) + turn)::float8 / weight end as rank
            from lane
                join (
                    values \(levels)
                ) as aged(level, handicap, weight) using (level)
                left join unnest($5::text[], $6::text[], $7::int4[])
                    as held(level, tenant, count) using (level, tenant),
                lateral (
                    select *, row_number() over (order by submitted_at, id) as turn
                    from (
                        select id, submitted_at, state, waits,
                            coalesce(octet_length(request_body), 0) as size
                        from executions
                        where waits = 'store' and pool = $1 and executions.level = lane.level
                            and executions.tenant = lane.tenant
                            and available_at <= statement_timestamp() and worker is null
                        order by submitted_at limit (select count from share)
                    ) as first
                ) as head
        ),
        chosen as materialized (
            select id, state, waits
            from (
                select *, row_number() over turns as position,
                    sum(size) over (turns rows unbounded preceding) - size as bytes_before
                from candidate
                where state = 'queued' and not exists (select from repeated)
                window turns as (order by rank, age, id)
            ) as ranked
            where (position <= $2 or is_first and position <= $8)
                and bytes_before <= \(TakeRequest.byteLimit)
            order by id
        ),
        taken as (
            update executions
            set state = 'running', waits = 'broker', attempt = executions.attempt + 1, worker = $3,
                claim_token = $4, started_at = date_trunc('milliseconds', clock_timestamp())
            from chosen
            -- Compared with what was read and not with words, for which the planner has an index.
            where executions.id = chosen.id and executions.state = chosen.state
                and executions.waits = chosen.waits
            returning executions.*
        ),
        execution as (
            select * from taken
            union all
            select * from executions where id in (select id from repeated)
        )
        select execution.*, \(CancellationQuery.decidedEnd) as decided_end,
            coalesce(batch.max_running is not null, false) as is_limited
        from execution left join batches as batch on batch.id = batch_id
            \(CancellationQuery.join(id: "execution.id", tenant: "execution.tenant"))
        order by execution.submitted_at, execution.id
        """
}
