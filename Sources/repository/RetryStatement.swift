internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Ends attempts that another one follows and puts their requests into the outbox.
///
/// Of an execution that somebody wants to end the next attempt is due at once: it only ends it.
///
/// Executions are locked in the order of their ids, as everywhere.
enum RetryStatement {
    static func parameters(_ unordered: [FailedAttempt]) -> [any PostgreSQLValue] {
        let attempts = unordered.sorted { $0.id < $1.id }
        return [
            attempts.map(\.id),
            attempts.map { Int32(clamping: $0.attempt) },
            attempts.map(\.worker),
            attempts.map(\.outcome.state.rawValue),
            attempts.map { $0.outcome.reason?.rawValue },
            attempts.map { $0.outcome.exitCode.map(Int32.init(clamping:)) },
            attempts.map { $0.outcome.signal.map(Int32.init(clamping:)) },
            attempts.map(\.isProgramFailure),
            attempts.map { $0.delay / .seconds(1) },
            attempts.map(\.sandbox),
            attempts.map(\.resultsPath),
            attempts.map(\.isCounted),
            attempts.map(\.resultsSize.bytes),
            attempts.map(\.startedAt),
        ]
    }

    static let sql = """
        with execution as (
            update executions
            set state = 'queued', worker = null, claim_token = null, started_at = null,
                retries = retries + failed.is_program_failure::int,
                uncounted_attempts = uncounted_attempts + (not failed.is_counted)::int,
                results_bytes = coalesce(executions.results_bytes, 0) + failed.results_bytes,
                available_at = date_trunc('milliseconds', clock_timestamp()) + make_interval(
                    secs => case when exists (
                        select from cancellations
                        where execution_id = failed.id and tenant in ('', executions.tenant)) then 0
                        else delay end)
            from unnest(
                $1::uuid[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::int4[], $7::int4[],
                $8::bool[], $9::float8[], $10::text[], $11::text[], $12::bool[],
                $13::int8[], $14::timestamptz[]
            ) as failed(
                id, attempt, worker, state, reason, exit_code, signal, is_program_failure, delay,
                sandbox, results_path, is_counted, results_bytes, started_at)
            where executions.id = failed.id and executions.attempt = failed.attempt
                and executions.worker = failed.worker and executions.state = 'running'
            returning executions.*, failed.worker as failed_worker, failed.state as end_state,
                failed.reason as end_reason, failed.exit_code as end_code,
                failed.signal as end_signal, failed.sandbox, failed.results_path as end_path,
                failed.is_counted, failed.started_at as start
        ),
        attempt as (
            insert into attempts (
                execution_id, attempt, worker, sandbox, state, reason, exit_code, signal,
                results_path, is_counted, started_at, finished_at)
            select id, attempt, failed_worker, sandbox, end_state, end_reason, end_code, end_signal,
                end_path, is_counted, start, clock_timestamp()
            from execution
        )
        insert into outbox (available_at, message, body)
        select available_at, \(StoredMessage.ofRequest(in: "execution")), request_body
        from execution
        """
}
