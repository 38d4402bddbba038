public import FoundationEssentials
internal import PostgreSQL
public import SandmillEntity
public import SandmillService

/// Keeps cancellations in Postgres; every call is one transaction.
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
                    select id, pending from batches
                    where id = $1 and ($2::text is null or tenant = $2)
                ),
                member as (
                    select id from executions
                    where batch_id = $1 and finished_at is null and exists (select from batch)
                ),
                noted as (
                    insert into cancellations (execution_id, tenant)
                    select id, coalesce($2, '') from member order by id
                    on conflict do nothing
                    returning execution_id
                ),
                cancelled as (
                    update batches set cancelled_at = coalesce(cancelled_at, clock_timestamp())
                    from batch
                    where batches.id = batch.id and (select count(*) from noted) >= 0
                )
                select pending from batch
                """,
                [batch, tenant]
            )
            .first.map { try $0["pending"] }
        }
    }

    /// Reads what is queued and shall not start; see ``OverdueStatement``.
    public func overdue(limit: Int) async throws(StoreError) -> [UnstartedExecution] {
        try await database.access {
            try await database.pool.withTransaction { connection in
                var overdue: [UnstartedExecution] = []
                while overdue.isEmpty {
                    let due = try connection.query(OverdueStatement.due, [limit])
                    if due.isEmpty { break }
                    overdue += try connection.query(
                        OverdueStatement.cancelled,
                        [
                            try due.map { try $0["execution_id"] as UUID },
                            try due.map { try $0["tenant"] as String },
                        ]
                    )
                    .compactMap { try UnstartedExecution(overdue: $0) }
                }
                return try overdue
                    + connection.query(OverdueStatement.expired, [limit])
                    .compactMap { try UnstartedExecution(overdue: $0) }
            }
        }
    }

    /// Reads which executions that a worker has claimed have to end, and how.
    ///
    /// They are found by their ids: not from all that is cancelled, nor from all that this worker has had
    /// since the oldest snapshot.
    public func decidedEnds(
        of ids: [UUID],
        runBy worker: String
    ) async throws(StoreError) -> [UUID: Outcome] {
        if ids.isEmpty { return [:] }
        return try await database.access {
            let rows = try await database.pool.query(
                """
                select * from (
                    select executions.id, coalesce(\(CancellationQuery.decidedEnd),
                        case when deadline <= now() and retries = 0 then 'expired' end) as word
                    from executions left join batches as batch on batch.id = batch_id
                        \(CancellationQuery.join(id: "executions.id", tenant: "executions.tenant"))
                    where executions.id = any($1) and executions.worker = $2
                        and executions.state = 'running'
                ) as decided where word is not null
                """,
                [ids, worker]
            )
            var ends: [UUID: Outcome] = [:]
            for row in rows { ends[try row["id"]] = CancellationQuery.outcome(try row["word"]) }
            return ends
        }
    }

    /// Notes members of batches that were cancelled in the last ten minutes; of several who do it at once
    /// one does.
    public func noteMissedMembers() async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                insert into cancellations (execution_id, tenant)
                select member.id, ''
                from (
                    select pg_try_advisory_xact_lock(
                        hashtextextended('sandmill missed members ' || current_schema(), 0)) as is_ours
                ) as lock, batches, lateral (
                    select id, tenant from executions
                    where batch_id = batches.id and finished_at is null
                        and waits in ('broker', 'store', 'time', 'batch') offset 0
                ) as member
                where is_ours and cancelled_at > now() - interval '10 min' and 0 = (
                    -- Not "not exists", for which the planner reads all cancellations.
                    select count(*) from cancellations
                    where execution_id = member.id and tenant in ('', member.tenant))
                order by member.id
                on conflict do nothing
                """
            )
        }
    }

    /// Forgets old cancellations, 10,000 at most.
    public func forgetOldCancellations() async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                delete from cancellations where ctid = any(array(
                    select ctid from cancellations
                    where requested_at < now() - interval '7 days'
                    limit 10000 for update skip locked
                ))
                """
            )
        }
    }
}

extension UnstartedExecution {
    /// Reads a row of an ``OverdueStatement``; nil for a level of a later version, which sweeps it.
    fileprivate init?(overdue row: Row) throws {
        let (word, level): (String, String) = (try row["word"], try row["level"])
        if Level(rawValue: level) == nil { return nil }
        try self.init(
            row,
            outcome: CancellationQuery.outcome(word) ?? Outcome(.cancelled),
            endedAt: try row["ended_at"]
        )
    }

    /// Reads a row of `executions`; labels and properties that cannot be read are left out.
    init(_ row: Row, outcome: Outcome, endedAt: Date) throws {
        let labels: JSON = try row["labels"]
        let properties: JSON = try row["request_properties"]
        self.init(
            record: try ExecutionRecord(row),
            runtime: try row["runtime"],
            labels: (try? StoredJSON.decode([String: String].self, from: labels)) ?? [:],
            properties: (try? StoredJSON.decode(StoredProperties.self, from: properties))?
                .properties ?? MessageProperties(),
            outcome: outcome,
            endedAt: endedAt
        )
    }
}
