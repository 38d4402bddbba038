public import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

extension PostgreSQLExecutionStore: ExecutionTraces {
    /// Reads what is known of an execution beside its record, in two statements.
    public func trace(_ id: UUID) async throws(StoreError) -> ExecutionTrace? {
        try await database.access {
            guard let row = try await database.pool.query(Self.whereabouts, [id]).first else {
                return nil
            }
            let attempts = try await database.pool.query(
                """
                select *, case when outbox_id is not null then not exists (
                        select from outbox where outbox.id = attempts.outbox_id
                    ) end as is_announced
                from attempts where execution_id = $1 order by attempt
                """,
                [id]
            )
            return ExecutionTrace(
                wait: try QueueWait(row),
                sandbox: try row["sandbox"],
                cancelledAt: try row["cancelled_at"],
                attempts: try attempts.map { try AttemptRecord($0) }
            )
        }
    }

    private static let whereabouts = """
        select waits, available_at,
            case when state = 'queued' then (
                select count(*) from (
                    select from executions as other
                    where other.state = 'queued' and other.pool = executions.pool
                        and other.level = executions.level
                        and other.submitted_at < executions.submitted_at
                        and other.available_at <= now()
                    limit 100000
                ) as before
            ) end as ahead,
            case when state = 'queued' then (
                select count(*) from (
                    select from executions as other
                    where other.pool = executions.pool and other.level = executions.level
                        and other.finished_at > now() - interval '1 min'
                    limit 100000
                ) as ended
            ) end as rate,
            (
                select container from sandboxes
                where execution_id = executions.id and sandboxes.worker = executions.worker limit 1
            ) as sandbox,
            (
                select min(requested_at) from cancellations
                where execution_id = executions.id and tenant in ('', executions.tenant)
                    and finished_at is null
            ) as cancelled_at
        from executions where id = $1
        """
}

extension QueueWait {
    /// Reads the columns `waits`, `available_at`, `ahead` and `rate`; nil where nothing waits.
    fileprivate init?(_ row: Row) throws {
        guard let ahead: Int = try row["ahead"], let rate: Int = try row["rate"] else { return nil }
        self.init(
            place: Place(rawValue: try row["waits"]) ?? .broker,
            availableAt: try row["available_at"],
            ahead: ahead,
            estimate: rate > 0 ? .seconds(60) * ahead / rate : nil
        )
    }
}

extension AttemptRecord {
    fileprivate init(_ row: Row) throws {
        guard let state = ExecutionState(rawValue: try row["state"]) else {
            throw StoreError(.schemaMismatch, "a state of a later version")
        }
        self.init(
            number: try row["attempt"],
            worker: try row["worker"],
            sandbox: try row["sandbox"],
            state: state,
            reason: try row["reason"],
            claimedAt: try row["claimed_at"],
            startedAt: try row["started_at"],
            finishedAt: try row["finished_at"],
            collectedAt: try row["collected_at"],
            committedAt: try row["committed_at"],
            isAnnounced: try row["is_announced"],
            resultsPath: try row["results_path"]
        )
    }
}
