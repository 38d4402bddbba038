/// Takes executions away from a worker that does not run them, and keeps those that have killed too many.
///
/// An attempt without a sandbox cannot have killed its worker. That it had none is known only of an
/// execution that has lost a worker before (``ExecutionStore/markSandboxed(_:)``), so the first loss is
/// charged to all.
enum ReclaimStatement {
    /// How many workers an execution may lose before it is nobody's to run.
    static let maximumLostWorkers = 3

    /// What a dead worker ran, or an earlier process of the same worker: what that claimed after `$5` is its
    /// new process's and stays.
    ///
    /// With the dead worker, its successor, ``maximumLostWorkers``, the token of what the successor has to end,
    /// and when the dead worker's process was registered, or null for any time.
    static let ofDead = sql(
        lost: "$5::timestamptz is null or started_at < $5",
        isCharged: "not is_unrun"
    )

    /// What a worker runs by its record and not in truth.
    ///
    /// With the worker, itself, ``maximumLostWorkers``, the token of what it has to end, and the ids, attempts
    /// and claims of the executions.
    static let ofLeftovers = sql(
        lost: """
            exists (
                select from unnest($5::uuid[], $6::int4[], $7::uuid[])
                    as leftover(id, attempt, claim_token)
                where leftover.id = executions.id and leftover.attempt = executions.attempt
                    and leftover.claim_token is not distinct from executions.claim_token)
            """,
        isCharged: "false"
    )

    private static func sql(lost condition: String, isCharged: String) -> String {
        """
        with execution as (
            update executions
            set lost_workers = losses,
                uncounted_attempts = uncounted_attempts + is_unrun::int,
                state = case when is_killer then 'running' else 'queued' end,
                attempt = attempt + is_killer::int,
                worker = case when is_killer then $2 end,
                claim_token = case when is_killer then $4::uuid end,
                available_at = now,
                started_at = case when is_killer then now end
            from (
                select *, losses >= $3 as is_killer, date_trunc('milliseconds', now()) as now
                from (
                    select *, lost_workers + (\(isCharged))::int as losses
                    from (
                        select id, lost_workers, attempt as lost_attempt, started_at as lost_start,
                            lost_workers > 0 and sandboxed_attempt is distinct from attempt
                                as is_unrun
                        from executions
                        where worker = $1 and state = 'running' and finished_at is null
                            and (\(condition))
                        order by id for update
                    ) as lost
                ) as charged
            ) as lost
            where executions.id = lost.id
            returning executions.*, is_killer, is_unrun, lost_attempt, lost_start
        ),
        attempt as (
            insert into attempts (
                execution_id, attempt, worker, state, reason, is_counted, started_at, finished_at)
            select id, lost_attempt, $1, 'errored', 'worker_lost', not is_unrun, lost_start, now()
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
}
