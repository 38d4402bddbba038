/// Takes a dead worker's executions away from it, and keeps those that have killed too many.
///
/// What the same worker claimed after `$4` is its new process's and stays.
enum ReclaimStatement {
    /// How many workers an execution may lose before it is nobody's to run.
    static let maximumLostWorkers = 3

    /// With the dead worker, its successor, ``maximumLostWorkers`` and when the dead worker's
    /// process was registered, or null for any time.
    static let sql = """
        with execution as (
            update executions
            set lost_workers = lost_workers + 1,
                state = case when is_killer then 'running' else 'queued' end,
                attempt = attempt + is_killer::int,
                worker = case when is_killer then $2 end,
                claim_token = null,
                available_at = now,
                started_at = case when is_killer then now else started_at end
            from (
                select id, lost_workers + 1 >= $3 as is_killer, attempt as lost_attempt,
                    started_at as lost_start, date_trunc('milliseconds', now()) as now
                from executions
                where worker = $1 and state = 'running' and finished_at is null
                    and ($4::timestamptz is null or started_at < $4)
                order by id for update
            ) as lost
            where executions.id = lost.id
            returning executions.*, is_killer, lost_attempt, lost_start
        ),
        attempt as (
            insert into attempts (
                execution_id, attempt, worker, state, reason, started_at, finished_at)
            select id, lost_attempt, $1, 'errored', 'worker_lost', lost_start, now()
            from execution
        ),
        requeued as (
            insert into outbox (available_at, message, body)
            select available_at, \(StoredMessage.ofRequest(in: "execution")), request_body
            from execution where not is_killer
        )
        select * from execution where is_killer
        """
}
