public import FoundationEssentials
internal import PostgreSQL
public import SandmillEntity
public import SandmillService

/// Keeps cancellations in Postgres; every call is one statement.
public struct PostgreSQLCancellationStore: CancellationStore {
    private let database: Database

    /// Keeps them in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Asks for the ends of executions.
    public func cancel(
        _ ids: [UUID],
        tenant: String?,
        keepsUnknown: Bool
    ) async throws(StoreError) -> [CancelOutcome] {
        try await database.access {
            try await database.pool.query(
                """
                with wanted as (
                    select wanted.id, position, state, finished_at,
                        case when $2::text is not null and tenant <> $2 then 'foreign'
                            when executions.id is null then 'unknown'
                            when finished_at is not null then 'ended'
                            else state end as outcome
                    from unnest($1::uuid[]) with ordinality as wanted(id, position)
                        left join executions on executions.id = wanted.id
                ),
                noted as (
                    insert into cancellations (execution_id, tenant)
                    select distinct id, coalesce($2, '') from wanted
                    where outcome in ('queued', 'running') or outcome = 'unknown' and $3
                    order by id
                    on conflict do nothing
                )
                select case when outcome = 'foreign' then 'unknown' else outcome end as outcome
                from wanted order by position
                """,
                [ids, tenant, keepsUnknown]
            )
            .map { row in
                guard let outcome = CancelOutcome(rawValue: try row["outcome"]) else {
                    throw StoreError(.schemaMismatch, "a state of a later version")
                }
                return outcome
            }
        }
    }

    /// Asks for the end of a batch.
    public func cancel(batch: UUID, tenant: String?) async throws(StoreError) -> Int? {
        try await database.access {
            try await database.pool.query(
                """
                with batch as (
                    update batches set cancelled_at = coalesce(cancelled_at, now())
                    where id = $1 and ($2::text is null or tenant = $2)
                    returning id, pending
                ),
                member as (
                    select id from executions
                    where batch_id = $1 and finished_at is null and exists (select from batch)
                ),
                noted as (
                    insert into cancellations (execution_id, tenant)
                    select id, coalesce($2, '') from member order by id
                    on conflict do nothing
                )
                select pending from batch
                """,
                [batch, tenant]
            )
            .first.map { try $0["pending"] }
        }
    }

    /// Reads what is queued and shall not start, and marks the cancellations of what has ended.
    public func overdue(limit: Int) async throws(StoreError) -> [UnrunExecution] {
        try await database.access {
            try await database.pool.query(Self.overdue, [limit])
                .map { try UnrunExecution($0) }
        }
    }

    /// Reads which executions that a worker has claimed have to end, and how.
    public func decidedEnds(runBy worker: String) async throws(StoreError) -> [UUID: Outcome] {
        try await database.access {
            let rows = try await database.pool.query(
                """
                select id, 'expired' as decided_end from executions
                where worker = $1 and state = 'running' and finished_at is null
                    and deadline <= now()
                union all
                select executions.id, cancellation.reason
                from (select execution_id from cancellations where not is_settled) as open,
                    \(Self.executionOfCancellation)
                    \(CancellationQuery.join(id: "executions.id", tenant: "executions.tenant"))
                where executions.worker = $1 and executions.state = 'running' and cancellation.reason is not null
                union all
                select executions.id, 'cancelled'
                from batches join executions on batch_id = batches.id
                where cancelled_at is not null and batches.finished_at is null
                    and executions.worker = $1 and executions.finished_at is null
                """,
                [worker]
            )
            var ends: [UUID: Outcome] = [:]
            // Whoever wants it to end goes before its deadline, which counts only until it starts.
            for row in rows {
                let id: UUID = try row["id"]
                let end = CancellationQuery.outcome(try row["decided_end"])
                if end?.state != .expired || ends[id] == nil { ends[id] = end }
            }
            return ends
        }
    }

    /// Forgets the oldest cancellations, 10,000 at most.
    public func forgetOldCancellations() async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                delete from cancellations using (
                    select execution_id, tenant from cancellations
                    where requested_at < now() - interval '7 days'
                    order by requested_at limit 10000 for update skip locked
                ) as old
                where cancellations.execution_id = old.execution_id
                    and cancellations.tenant = old.tenant
                """
            )
        }
    }

    /// SQL for the execution of a cancellation; behind an `offset` the planner finds it by its id,
    /// and not among all that are queued or have ended.
    private static let executionOfCancellation = """
        lateral (
            select id, tenant, state, worker from executions
            where executions.id = execution_id offset 0
        ) as executions
        """

    /// The kinds are found by an index each, so that what waits in good order costs nothing.
    ///
    /// What is not known stays open for longer than a claim takes that has not seen the cancellation, and
    /// was not seen by it.
    private static let overdue = """
        with settled as (
            update cancellations set is_settled = true
            where not is_settled and coalesce(
                (select finished_at is not null from executions where executions.id = execution_id),
                requested_at < now() - interval '1 min')
        ),
        cancelled as (
            select executions.id, min(reason) as word
            from cancellations, \(executionOfCancellation)
            where not is_settled and executions.state = 'queued'
                and cancellations.tenant in ('', executions.tenant)
            group by executions.id limit $1
        ),
        abandoned as (
            select executions.id
            from batches, lateral (
                select id, worker from executions
                where batch_id = batches.id and finished_at is null offset 0
            ) as executions
            where cancelled_at is not null and batches.finished_at is null and worker is null
            limit $1
        ),
        expired as (
            select id, 'expired' as word from executions
            where state = 'queued' and deadline is not null and deadline <= now()
            order by deadline limit $1
        )
        select id, tenant, pool, level, state, reason, attempt, batch_id, worker, submitted_at,
            started_at, finished_at, runtime, labels, request_properties, null::jsonb as result,
            date_trunc('milliseconds', now()) as ended_at, word
        from (
            select id, min(word) as word
            from (
                select id, coalesce(word, 'cancelled') as word from cancelled
                union all
                select id, 'cancelled' from abandoned
                union all
                select id, word from expired
            ) as overdue group by id order by id limit $1
        ) as overdue join executions using (id)
        """
}

extension UnrunExecution {
    fileprivate init(_ row: Row) throws {
        let word: String = try row["word"]
        try self.init(
            row,
            outcome: CancellationQuery.outcome(word) ?? Outcome(.cancelled),
            endedAt: try row["ended_at"]
        )
    }

    /// Reads a row of `executions`.
    init(_ row: Row, outcome: Outcome, endedAt: Date) throws {
        let labels: JSON = try row["labels"]
        let properties: JSON = try row["request_properties"]
        self.init(
            record: try ExecutionRecord(row),
            runtime: try row["runtime"],
            labels: try StoredJSON.decode([String: String].self, from: labels),
            properties: try StoredJSON.decode(StoredProperties.self, from: properties).properties,
            outcome: outcome,
            endedAt: endedAt
        )
    }
}
