/// Lets members of batches that limit how many run at once wait for a worker.
///
/// A member that ends makes room for the next in the same statement. What that misses, because
/// somebody held the next one's row, or it ended by a worker of the version before, ``repair`` finds.
enum HeldMembers {
    /// SQL that admits held members of the rows of `batches` in a table expression, `room` of each.
    ///
    /// - Parameters:
    ///   - batch: The name of the table expression, with the columns `id` and `room`.
    ///   - ended: SQL for ids that are not to be admitted.
    /// - Returns: The statement.
    static func admission(of batch: String, except ended: String) -> String {
        """
        update executions
        set waits = case when available_at > now() then 'time' else 'store' end,
            available_at = greatest(available_at, date_trunc('milliseconds', clock_timestamp()))
        from (
            select next.id from \(batch) as batch, lateral (
                select id from executions
                where batch_id = batch.id and waits = 'batch' and worker is null
                    and id not in (\(ended))
                order by submitted_at, id limit batch.room for update skip locked
            ) as next
        ) as next
        where executions.id = next.id
        """
    }

    /// To be held while ``repair`` runs, so that two do not fill the same room.
    static let lock = """
        select pg_try_advisory_xact_lock(
            hashtextextended('sandmill held members ' || current_schema(), 0))
        """

    /// Fills the room of every limited batch that has held members, or of one, whose id is `$1`.
    ///
    /// It reads as many members as may run at once, not those that are held.
    static let repair = """
        with batch as materialized (
            select id, greatest(max_running - (
                select sum(count)
                -- One by one: for both at once the index is read as a whole.
                from (values ('broker'), ('store')) as cause(name), lateral (
                    select count(*) from executions
                    where batch_id = batches.id and executions.finished_at is null
                        and waits = cause.name
                ) as member), 0)::int8 as room
            from batches
            where max_running is not null and finished_at is null
                and ($1::uuid is null or id = $1)
                and (
                    select id from executions where batch_id = batches.id and waits = 'batch'
                    order by submitted_at, id limit 1
                ) is not null
        )
        \(admission(of: "batch", except: "select null::uuid where false"))
        """
}
