internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Claims executions that wait in the store.
///
/// Whoever takes holds ``lock`` until its transaction ends, so that two never choose the same. (The wait
/// for it is why times are those of the clock: `now()` is when the transaction began.) The
/// lanes are found by skipping along the index from one to the next, in the order of their tenants' names, and
/// of each level no more than ``lanesPerLevel`` of which the worker has none, or as many as it asks for: what a
/// statement costs depends on how many executions it takes, not on how many or whose wait.
///
/// More lanes than that take turns. The next take goes on behind the last lane that had its turn, which
/// `lane_turns` keeps for all workers, and begins again behind the last of all. Of such a level lanes come in this
/// order and not by their age, so that none is passed over, and count as old as the oldest of those seen.
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

    /// So many lanes of a level are looked at, or as many as are asked for if that is more: always enough, since
    /// the first of a lane of which the worker has none comes before all others.
    static let lanesPerLevel = 16

    /// SQL for whether an execution of a level may be taken.
    private static func isWaiting(in level: String) -> String {
        """
        waits = 'store' and pool = $1 and executions.level = \(level)
            and available_at <= statement_timestamp() and worker is null
        """
    }

    static let sql = """
        with recursive level as materialized (
            select name, handicap, weight, row, moves, coalesce(last.tenant, '') as start,
                greatest($2, $8, \(lanesPerLevel)) as lane_limit,
                array(
                    select tenant from unnest($5::text[], $6::text[]) as held(level, tenant)
                    where held.level = name) as held_tenants
            from (values \(levels)) as level(name, handicap, weight)
                left join lateral (
                    select ctid as row, moves, tenant from lane_turns
                    where pool = $1 and lane_turns.level = name order by moves desc limit 1
                ) as last on true
        ),
        lane as (
            select name, start, lane_limit, held_tenants,
                start as tenant, 0 as place, null::bool as has_wrapped
            from level
            union all
            select name, start, lane_limit, held_tenants,
                next.tenant, place + (next.tenant <> all(held_tenants))::int, next.tenant <= start
            from lane, lateral (
                select coalesce(
                    (select tenant from executions
                        where \(isWaiting(in: "name")) and tenant > lane.tenant
                        order by tenant limit 1),
                    case when start > '' and has_wrapped is not true then (
                        select tenant from executions
                        where \(isWaiting(in: "name")) order by tenant limit 1) end) as tenant
                offset 0
            ) as next
            -- Until it has come round.
            where place < lane_limit and (
                next.tenant <= start or has_wrapped is not true and next.tenant > lane.tenant)
        ),
        seen as materialized (
            select name as level, lane.tenant, place, coalesce(held.count, 0) as held_count,
                max(place) over (partition by name) = lane_limit as has_more
            from lane left join unnest($5::text[], $6::text[], $7::int4[])
                as held(level, tenant, count) on held.level = name and held.tenant = lane.tenant
            where has_wrapped is not null
        ),
        share as materialized (
            select least($2 + $8, ($2 + $8) * 3 / greatest(count(*), 1) + 1) as count from seen
        ),
        repeated as (
            select id from executions
            where $9 and worker = $3 and finished_at is null and claim_token = $4
                and state = 'running'
        ),
        candidate as (
            select head.*, level, has_more, place, head.submitted_at + handicap as age,
                held_count + turn = 1 as is_first,
                case when held_count + turn = 1 then 0 else (held_count + turn)::float8 / weight end as rank
            from seen join level on name = level, lateral (
                select *, row_number() over (order by submitted_at, id) as turn
                from (
                    select id, submitted_at, state,
                        coalesce(octet_length(request_body), 0) as size
                    from executions
                    where \(isWaiting(in: "seen.level")) and executions.tenant = seen.tenant
                    order by submitted_at
                    limit case when has_more then 1 else (select count from share) end
                ) as first
            ) as head
            where state = 'queued' and not exists (select from repeated)
        ),
        ranked as materialized (
            select *, (position <= $2 or is_first and position <= $8)
                and bytes_before <= \(TakeRequest.byteLimit) as is_chosen
            from (
                select *, row_number() over turns as position,
                    sum(size) over (turns rows unbounded preceding) - size as bytes_before
                from (
                    select *, case when has_more
                        then min(age) over (
                            partition by level order by place desc
                            rows unbounded preceding)
                        else age end as precedence
                    from candidate
                ) as candidate
                window turns as (
                    order by rank, precedence, case when has_more then place end, id)
            ) as candidate
        ),
        -- By an array, for which the planner expects few.
        chosen as materialized (
            select unnest(array(select id from ranked where is_chosen order by id)) as id
        ),
        turn as materialized (
            select distinct on (level) level, tenant, moves, row
            from seen join level on name = level left join (
                select level, min(place) as place from ranked
                where is_first and not is_chosen group by level
            ) as left_out using (level)
            where has_more and (left_out.place is null or seen.place < left_out.place)
                and not exists (select from repeated)
            order by level, seen.place desc
        ),
        new_turn as (
            insert into lane_turns (pool, level, moves, tenant)
            select $1, level, coalesce(moves, 0) + 1, tenant from turn
        ),
        old_turn as (
            delete from lane_turns where ctid = any(array(select row from turn))
        ),
        taken as (
            update executions
            set state = 'running', waits = 'broker', attempt = executions.attempt + 1, worker = $3,
                claim_token = $4, started_at = date_trunc('milliseconds', clock_timestamp())
            from chosen
            -- Not compared with the words alone, for which the planner has an index.
            where executions.id = chosen.id and executions.state || '' = 'queued'
                and executions.waits || '' = 'store'
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
