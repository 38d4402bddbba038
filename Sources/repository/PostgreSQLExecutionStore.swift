public import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Keeps the records of executions in Postgres; each group is one statement.
public struct PostgreSQLExecutionStore: ExecutionStore {
    let database: Database
    private let cluster: String
    private let marks = PollMarks()

    /// Keeps them in `database`.
    ///
    /// - Parameters:
    ///   - database: Where, with its schema up to date.
    ///   - cluster: What the installation is called in events.
    public init(_ database: Database, cluster: String) {
        self.database = database
        self.cluster = cluster
    }

    /// Takes requests in, in one statement, but for claims that must wait for one of the others.
    public func claim(_ claims: [Claim]) async throws(StoreError) -> [ClaimOutcome] {
        try await database.access {
            var outcomes = [ClaimOutcome?](repeating: nil, count: claims.count)
            var undecided = Array(claims.indices)
            while !undecided.isEmpty {
                let rows = try await database.pool.query(
                    ClaimStatement.sql,
                    ClaimStatement.parameters(undecided.map { claims[$0] })
                )
                for (index, row) in zip(undecided, rows) {
                    outcomes[index] = try ClaimStatement.outcome(row, of: claims[index])
                }
                undecided.removeAll { outcomes[$0] != nil }
            }
            return outcomes.compactMap { $0 }
        }
    }

    /// Claims executions that wait here; see ``TakeStatement``.
    public func take(_ takeRequest: TakeRequest) async throws(StoreError) -> [TakenExecution] {
        let age = marks.begin("store \(takeRequest.pool)").age
        return try await database.access {
            try await database.pool.withTransaction { connection in
                let isHeld: Bool = try connection.query(
                    TakeStatement.lock,
                    [takeRequest.pool, age, takeRequest.isRepeated]
                )[0]["is_held"]
                guard isHeld else { return [] }
                return try connection.query(
                    TakeStatement.sql,
                    TakeStatement.parameters(takeRequest)
                )
                .map { try TakeStatement.execution($0) }
            }
        }
    }

    /// Parks executions whose time has come, in one statement.
    public func parkDue(limit: Int) async throws(StoreError) -> Int {
        let look = marks.begin("time")
        let count = try await database.access {
            try await database.pool.query(
                """
                with due as materialized (
                    select id, batch_id from executions
                    where waits = 'time' and available_at <= now() and worker is null
                        and \(TakeStatement.isRecent(age: "$2"))
                    order by available_at limit $1 for update skip locked
                )
                update executions
                set available_at = date_trunc('milliseconds', now()), waits = case when exists (
                    select from batches where id = due.batch_id and max_running is not null
                ) then 'batch' else 'store' end
                from due where executions.id = due.id
                """,
                [limit, look.age]
            )
            .affectedCount
        }
        if count < limit { marks.end(look, oldest: nil) }
        return count
    }

    /// Parks executions whose message does not come; see ``AwaitedStatement``.
    public func parkAwaited(longerThan patience: Duration) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.withTransaction { connection in
                guard try connection.query(AwaitedStatement.lock)[0][0] as Bool else { return 0 }
                return try connection.query(AwaitedStatement.sql, [patience / .seconds(1)])
                    .affectedCount
            }
        }
    }

    /// Counts what waits here, by its index.
    public func parked(
        pool: String,
        upTo limit: Int
    ) async throws(StoreError) -> [Lane: LaneBacklog] {
        let look = marks.begin("store \(pool)")
        let rows = try await database.access {
            try await database.pool.query(
                """
                select level, tenant, count(*), coalesce(sum(size), 0)::int8 as size,
                    date_part('epoch', statement_timestamp() - min(available_at)) as age
                from (
                    select level, tenant, available_at, octet_length(request_body) as size
                    from executions
                    where waits = 'store' and pool = $1 and \(TakeStatement.isRecent(age: "$3"))
                        and worker is null
                    order by available_at limit $2
                ) as parked
                group by level, tenant
                """,
                [pool, limit, look.age]
            )
        }
        return try await database.access {
            var parked: [Lane: LaneBacklog] = [:]
            for row in rows {
                guard let level = Level(rawValue: try row["level"]) else { continue }
                parked[Lane(level: level, tenant: try row["tenant"])] = LaneBacklog(
                    count: try row["count"],
                    size: ByteCount(try row["size"] as Int64)
                )
            }
            marks.end(look, oldest: try rows.map { try $0["age"] as Double }.max())
            return parked
        }
    }

    /// Lets held members of limited batches wait for a worker, where there is room.
    public func admitHeldMembers() async throws(StoreError) {
        try await database.access {
            try await database.pool.withTransaction { connection in
                let isLocked: Bool = try connection.query(HeldMembers.lock)[0][0]
                if isLocked { try connection.query(HeldMembers.repair, [nil as UUID?]) }
            }
        }
    }

    /// Notes that attempts have a sandbox, in one statement.
    public func markSandboxed(_ attempts: [RunningAttempt]) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                with started as (
                    select executions.id, executions.attempt, started.started_at
                    from unnest($1::uuid[], $2::int4[], $3::uuid[], $4::timestamptz[])
                            as started(id, attempt, token, started_at)
                        join executions on executions.id = started.id
                            and executions.attempt = started.attempt and claim_token = token
                    where state = 'running'
                    order by executions.id for update of executions
                )
                update executions set sandboxed_attempt = started.attempt,
                    started_at = coalesce(started.started_at, executions.started_at)
                from started where executions.id = started.id
                """,
                RunningAttempt.parameters(attempts) + [attempts.map(\.startedAt)]
            )
        }
    }

    /// Ends executions, with everything that follows from it, in one statement.
    public func finish(
        _ executions: [FinishedExecution]
    ) async throws(StoreError) -> [OutboxMessage] {
        let statement = FinishStatement(executions, cluster: cluster)
        return try await database.access {
            try statement.messages(
                try await database.pool.query(FinishStatement.sql, statement.parameters)
            )
        }
    }

    /// Queues executions again, in one statement.
    public func retry(_ attempts: [FailedAttempt]) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                RetryStatement.sql,
                RetryStatement.parameters(attempts)
            )
        }
    }

    /// Takes in a batch, in one transaction; see ``BatchStatement``.
    public func admit(_ batch: BatchAdmission) async throws(StoreError) -> BatchOutcome {
        let cluster = cluster
        let outcome = try await database.access {
            try await database.pool.withTransaction { connection in
                try BatchStatement.admit(batch, cluster: cluster, on: connection)
            }
        }
        // Its members wait since the transaction began, which may be long ago.
        marks.forget()
        return outcome
    }

    /// Reads one execution.
    public func execution(_ id: UUID) async throws(StoreError) -> ExecutionRecord? {
        try await database.access {
            try await database.pool.query(
                """
                select id, tenant, pool, level, state, reason, attempt, batch_id, rerun_of, worker,
                    submitted_at, started_at, finished_at, result, \(Self.isHeld) as is_held
                from executions where id = $1
                """,
                [id]
            )
            .first.map { try ExecutionRecord($0, isHeld: try $0["is_held"]) }
        }
    }

    /// SQL for whether a worker has claimed an execution whose program has not started, as far as is known.
    static let isHeld = "state = 'running' and sandboxed_attempt is distinct from attempt"

    /// Reads one batch.
    public func batch(_ id: UUID) async throws(StoreError) -> BatchRecord? {
        try await database.access {
            try await database.pool.query("select * from batches where id = $1", [id])
                .first.map { try BatchRecord($0) }
        }
    }
}

extension RunningAttempt {
    /// Ids, attempts and tokens.
    static func parameters(_ attempts: [RunningAttempt]) -> [any PostgreSQLValue] {
        [
            attempts.map(\.id), attempts.map { Int32(clamping: $0.attempt) },
            attempts.map(\.token),
        ]
    }
}

extension ExecutionRecord {
    init(_ row: Row, isHeld: Bool = false) throws {
        let level: String = try row["level"]
        let state: String = try row["state"]
        guard let level = Level(rawValue: level), let state = ExecutionState(rawValue: state) else {
            throw StoreError(.schemaMismatch, "a level or a state of a later version")
        }
        let result: JSON? = try row["result"]
        self.init(
            id: try row["id"],
            tenant: try row["tenant"],
            pool: try row["pool"],
            level: level,
            state: state,
            reason: try row["reason"],
            attempt: try row["attempt"],
            isHeld: isHeld,
            batchID: try row["batch_id"],
            rerunOf: try row["rerun_of"],
            worker: try row["worker"],
            submittedAt: try row["submitted_at"],
            startedAt: try row["started_at"],
            finishedAt: try row["finished_at"],
            result: result?.text
        )
    }
}

extension BatchRecord {
    init(_ row: Row) throws {
        var counts: [ExecutionState: Int] = [:]
        for state in ExecutionState.allCases where state.isTerminal {
            let count: Int = try row[state.rawValue]
            if count > 0 { counts[state] = count }
        }
        self.init(
            id: try row["id"],
            tenant: try row["tenant"],
            pool: try row["pool"],
            size: try row["size"],
            pending: try row["pending"],
            counts: counts,
            refused: try row["refused"],
            submittedAt: try row["submitted_at"],
            finishedAt: try row["finished_at"]
        )
    }
}
