/// Lets executions whose message does not come wait in the store, where a worker finds them.
///
/// Their queue may have been purged or restored from an old backup, or its messages may only be many.
/// The broker says how many it has, but not whose, so it is not asked: whoever waits here is not run
/// twice, since the message, when it comes after all, finds a duplicate. What limits it is how many of
/// the same level and tenant wait here already, so that a long backlog stays in the broker, in its
/// order. What has waited for twelve times as long counts as lost all the same.
///
/// The lanes are found by skipping along the index from one to the next.
enum AwaitedStatement {
    /// How many of a lane may wait in the store before no more of it are taken for lost, and the most of
    /// it that one statement lets wait there.
    static let laneLimit = 256
    /// The most that one statement lets wait in the store.
    static let limit = 2_560

    /// With how long a message may take, in seconds.
    static let sql = """
        with recursive lane as (
            (select pool, level, tenant from executions
                where state = 'queued' and waits = 'broker'
                order by pool, level, tenant limit 1)
            union all
            select next.pool, next.level, next.tenant from lane, lateral (
                select pool, level, tenant from executions
                where state = 'queued' and waits = 'broker'
                    and (pool, level, tenant) > (lane.pool, lane.level, lane.tenant)
                order by pool, level, tenant limit 1) as next
        ),
        late as materialized (
            select late.id
            from lane, lateral (
                select count(*) < \(laneLimit) as has_room
                from (
                    select from executions
                    where waits = 'store' and pool = lane.pool and level = lane.level
                        and tenant = lane.tenant and worker is null
                    limit \(laneLimit)
                ) as parked
            ) as room, lateral (
                select id, available_at from executions
                where state = 'queued' and waits = 'broker' and pool = lane.pool
                    and level = lane.level and tenant = lane.tenant
                    and available_at < now() - make_interval(
                        secs => $1::float8 * case when has_room then 1 else 12 end)
                order by available_at limit \(laneLimit)
            ) as late
            order by available_at limit \(limit)
        ),
        locked as materialized (
            select locked.* from late, lateral (
                select id, state, waits from executions where id = late.id
                offset 0 for update skip locked
            ) as locked
        )
        update executions set waits = 'store'
        from locked
        -- Compared with what was read and not with words, for which the planner has an index.
        where executions.id = locked.id and locked.state = 'queued' and locked.waits = 'broker'
        """

    /// To be held meanwhile, so that several who sweep let no more wait there than one would.
    static let lock = """
        select pg_try_advisory_xact_lock(
            hashtextextended('sandmill awaited messages ' || current_schema(), 0))
        """

    /// How many have waited for longer than so many seconds.
    static let count = """
        select count(*) from executions
        where state = 'queued' and waits = 'broker'
            and available_at < now() - make_interval(secs => $1)
        """
}
