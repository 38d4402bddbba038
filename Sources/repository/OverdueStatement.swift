internal import PostgreSQL

/// Finds what is queued and shall not start, by three statements of one transaction.
///
/// A cancellation has a time at which it is looked at; looking moves it on, so that several who sweep find
/// different ones, and what cannot be ended yet, since it runs or has not come, stands in nobody's way. Its
/// row is locked by ``due`` before ``cancelled`` looks for the execution: a claim that takes that one in
/// meanwhile waits, and then has it looked at again. Each tenant has its share of what is looked at.
///
/// A deadline that has passed is noted as a cancellation, and ends with the others if who noted it does not
/// end it.
enum OverdueStatement {
    /// Locks cancellations that are due, at most `$1`.
    static let due = """
        \(lanes(of: "cancellations", where: "due_at is not null"))
        select execution_id, tenant
        from (
            select head.* from lane, lateral (
                select execution_id, tenant from cancellations
                where cancellations.tenant = lane.tenant and due_at <= statement_timestamp()
                order by due_at limit (select count from share) for update skip locked
            ) as head
            limit $1
        ) as due
        """

    /// Moves cancellations on, and reads those of them whose execution is queued.
    ///
    /// What is not known is looked at for longer than a claim takes that has not seen the cancellation.
    static let cancelled = """
        with due as materialized (
            select due.*, finished_at, state, executions.tenant as owner
            from unnest($1::uuid[], $2::text[]) as due(execution_id, tenant)
                left join executions on executions.id = due.execution_id
        ),
        looked_at as (
            update cancellations
            set due_at = case
                when finished_at is not null or due.tenant not in ('', owner) then null
                when owner is null and requested_at < statement_timestamp() - interval '1 min'
                    then null
                else statement_timestamp() + interval '10 s' end
            from due
            where cancellations.execution_id = due.execution_id
                and cancellations.tenant = due.tenant
            returning due.execution_id, due.tenant, owner, state, reason
        )
        \(columns)
        from (
            select execution_id as id, coalesce(min(reason), 'cancelled') as word from looked_at
            where state = 'queued' and tenant in ('', owner) group by execution_id
        ) as overdue join executions using (id)
        """

    /// Notes deadlines that have passed, at most `$1`, and reads the executions.
    static let expired = """
        \(lanes(of: "executions", where: isExpiring)),
        expired as materialized (
            select head.id from lane, lateral (
                select id from executions
                where \(isExpiring) and executions.tenant = lane.tenant
                    and deadline <= statement_timestamp() and not exists (
                        select from cancellations
                        where execution_id = executions.id and reason = 'expired')
                order by deadline limit (select count from share) for update skip locked
            ) as head
            limit $1
        ),
        noted as (
            insert into cancellations (execution_id, tenant, reason, due_at)
            select id, '', 'expired', statement_timestamp() + interval '10 s'
            from expired order by id
            on conflict do nothing
            returning execution_id as id, reason as word
        )
        \(columns)
        from noted join executions using (id)
        """

    private static let isExpiring = "state = 'queued' and deadline is not null and retries = 0"

    /// The columns of an ``UnstartedExecution`` and the `word` for its end.
    private static let columns = """
        select id, executions.tenant, pool, level, executions.state, executions.reason, attempt, batch_id,
            rerun_of, worker, submitted_at, started_at, finished_at, runtime, labels, request_properties,
            null::jsonb as result, date_trunc('milliseconds', statement_timestamp()) as ended_at, word
        """

    /// Table expressions: `lane`, the tenants that have rows, found by skipping along an index from one to
    /// the next, and `share`, how many of `$1` are for each.
    private static func lanes(of table: String, where condition: String) -> String {
        """
        with recursive lane as (
            (select tenant from \(table) where \(condition) order by tenant limit 1)
            union all
            select next.tenant from lane, lateral (
                select tenant from \(table) where \(condition) and tenant > lane.tenant
                order by tenant limit 1) as next
        ),
        share as materialized (
            select greatest($1 / greatest(count(*), 1), 1) as count from lane
        )
        """
    }
}
