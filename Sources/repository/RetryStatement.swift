internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Ends attempts that failed through a fault of ours and puts their requests into the outbox.
enum RetryStatement {
    static func parameters(_ attempts: [FailedAttempt]) -> [any PostgreSQLValue] {
        [
            attempts.map(\.id),
            attempts.map { Int32(clamping: $0.attempt) },
            attempts.map(\.worker),
            attempts.map(\.reason.rawValue),
            attempts.map { $0.delay / .seconds(1) },
        ]
    }

    static let sql = """
        with execution as (
            update executions
            set state = 'queued', worker = null, claim_token = null,
                available_at = date_trunc('milliseconds', now()) + make_interval(secs => delay)
            from unnest($1::uuid[], $2::int4[], $3::text[], $4::text[], $5::float8[])
                as failed(id, attempt, worker, reason, delay)
            where executions.id = failed.id and executions.attempt = failed.attempt
                and executions.worker = failed.worker and executions.state = 'running'
            returning executions.*, failed.worker as failed_worker, failed.reason as fault
        ),
        attempt as (
            insert into attempts (
                execution_id, attempt, worker, state, reason, started_at, finished_at)
            select id, attempt, failed_worker, 'errored', fault, started_at, now()
            from execution
        )
        insert into outbox (available_at, message, body)
        select available_at, \(StoredMessage.ofRequest(in: "execution")), request_body
        from execution
        """
}
