public import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Who is alive, in Postgres; one registry serves the process of one worker.
///
/// A worker is dead when nobody holds its advisory lock, or when its lease has ended although
/// somebody does: a stopped process and a host that is gone keep their sessions for a while.
public actor PostgreSQLWorkerRegistry: WorkerRegistry {
    private static let renewalInterval: Duration = .seconds(10)
    private static let leftoverInterval: Duration = .seconds(30)
    /// How long the server may take to answer a renewal; then the session is given up.
    private static let renewalTimeout: Duration = .seconds(5)

    private let database: Database
    private let clock = ContinuousClock()
    /// Tells this process from others with the worker's id.
    private let incarnation = UUID()
    private var version = ""
    /// Whether the worker is to take nothing more, by its row when that was read last.
    private var isDraining = false
    private var lockKey: Int64?
    private var lock: AdvisoryLock?
    private var renewedAt: ContinuousClock.Instant?
    /// Who has executions and no row, as of ``lookedForLeftoversAt``.
    private var leftovers: [String] = []
    private var lookedForLeftoversAt: ContinuousClock.Instant?

    /// The registry in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Takes the worker's lock and writes its row, in place of an earlier process's.
    public func register(worker: String, version: String) async throws(StoreError) {
        self.version = version
        try await database.access {
            lock = try await acquireLock(of: worker)
            guard lock != nil else { throw StoreError.workerIDTaken }
            // What was asked of a process that did not stop in good order is asked of its successor.
            isDraining =
                try await database.pool.query(
                    "delete from workers where id = $1 returning draining_since is not null",
                    [worker]
                )
                .first?[0] ?? false
            _ = try await renewLease(of: worker)
        }
    }

    /// Keeps the lock and the lease.
    ///
    /// It uses the session of the lock, so that no other statement of this process delays it. A lock that was
    /// lost may be held for a while by our own session of before: the row says whether it is that or another
    /// process, and the lease holds without it.
    public func heartbeat(worker: String) async throws(StoreError) -> ContinuousClock.Instant {
        try await database.access {
            if lock?.isHeld != true {
                renewedAt = nil
                lock = try await acquireLock(of: worker)
            }
            if let renewedAt, clock.now - renewedAt < Self.renewalInterval { return renewedAt }
            return try await renewLease(of: worker)
        }
    }

    /// Writes the worker's row, and reads what is asked of it.
    public func report(
        _ report: WorkerReport,
        of worker: String
    ) async throws(StoreError) -> Bool {
        try await database.access {
            let row = try await database.pool.query(
                """
                update workers set
                    slots = $3, unacknowledged = $4, runtimes = $6,
                    drained_at = case when draining_since is not null and $5
                        then coalesce(drained_at, now()) end
                where id = $1 and incarnation = $2
                returning draining_since is not null
                """,
                [
                    worker, incarnation, JSON(StoredJSON.encode(report.slots)),
                    JSON(StoredJSON.encode(report.unacknowledged)), report.isDrained,
                    JSON(StoredJSON.encode(report.runtimes)),
                ]
            )
            if let row = row.first { isDraining = try row[0] }
            return isDraining
        }
    }

    /// Tells who is dead; a worker that has lost its own lock judges nobody.
    public func abandonedWorkers() async throws(StoreError) -> [String] {
        try await database.access {
            guard lock?.isHeld == true else {
                throw StoreError(.unavailable, "this worker has no lock itself")
            }
            if lookedForLeftoversAt.map({ clock.now - $0 >= Self.leftoverInterval }) ?? true {
                try await lookForLeftovers()
            }
            let dead = try await database.pool.query(
                "select id from workers where \(Self.isDead)",
                [lockPrefix]
            )
            .map { try $0["id"] as String }
            return dead + leftovers.filter { !dead.contains($0) }
        }
    }

    /// Finds who has executions and no row: there are few, seldom, and while somebody holds an old snapshot
    /// the statement reads all that ended since, so that it is not for every second.
    private func lookForLeftovers() async throws {
        leftovers = try await database.pool.query(
            """
            with recursive holder as (
                (select worker from executions
                    where finished_at is null and worker is not null
                    order by worker limit 1)
                union all
                select (select executions.worker from executions
                    where finished_at is null and executions.worker > holder.worker
                    order by executions.worker limit 1)
                from holder where holder.worker is not null
            )
            select worker from holder
            where worker is not null and not exists (
                select from workers where id = holder.worker)
            """
        )
        .map { try $0["worker"] }
        lookedForLeftoversAt = clock.now
    }

    /// Takes over what a worker left that is dead, or an earlier process of the successor itself.
    ///
    /// A worker that came back to life in the meantime keeps everything. One that has no row any more
    /// has left what it committed after it was buried.
    public func reclaim(
        worker: String,
        successor: String,
        token: UUID
    ) async throws(StoreError) -> [UnstartedExecution] {
        let lockPrefix = lockPrefix
        leftovers.removeAll { $0 == worker }
        return try await database.access {
            try await database.pool.withTransaction { connection in
                var isBefore: Date?
                if worker == successor {
                    isBefore = try connection.query(
                        "select registered_at from workers where id = $1",
                        [worker]
                    )
                    .first?["registered_at"]
                } else {
                    let removed = try connection.query(
                        "delete from workers where id = $2 and \(Self.isDead)",
                        [lockPrefix, worker]
                    )
                    if removed.affectedCount == 0 {
                        let registered = try connection.query(
                            "select now() - interval '2 s' where not exists ("
                                + "select from workers where id = $1)",
                            [worker]
                        )
                        guard let buried = registered.first else { return [] }
                        isBefore = try buried[0]
                    }
                }
                let killers = try connection.query(
                    ReclaimStatement.ofDead,
                    [worker, successor, ReclaimStatement.maximumLostWorkers, token, isBefore]
                )
                try connection.query(
                    """
                    update outbox set available_at = now(), leased_by = null where leased_by = $1
                    """,
                    [worker]
                )
                try connection.query("delete from sandboxes where worker = $1", [worker])
                return try killers.map { try UnstartedExecution(killer: $0) }
            }
        }
    }

    /// Reads what a worker runs by its record, by an index.
    public func runningAttempts(of worker: String) async throws(StoreError) -> [RunningAttempt] {
        try await database.access {
            try await database.pool.query(
                """
                select id, attempt, claim_token from executions
                where worker = $1 and finished_at is null and state = 'running'
                """,
                [worker]
            )
            .map { row in
                RunningAttempt(
                    id: try row["id"],
                    attempt: try row["attempt"],
                    token: try row["claim_token"]
                )
            }
        }
    }

    /// Puts executions back that a worker does not run, in one statement.
    public func putBack(
        _ attempts: [RunningAttempt],
        of worker: String,
        token: UUID
    ) async throws(StoreError) -> [UnstartedExecution] {
        try await database.access {
            try await database.pool.query(
                ReclaimStatement.ofLeftovers,
                [worker, worker, ReclaimStatement.maximumLostWorkers, token]
                    + RunningAttempt.parameters(attempts)
            )
            .map { try UnstartedExecution(killer: $0) }
        }
    }

    /// Removes the row and gives the lock back.
    ///
    /// The row of a worker that leaves executions behind stays, so that others find it dead.
    public func deregister(worker: String) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                with removed as (delete from sandboxes where worker = $1)
                delete from workers where id = $1 and incarnation = $2 and not exists (
                    select from executions where worker = $1 and finished_at is null)
                """,
                [worker, incarnation]
            )
            await lock.take()?.release()
        }
    }

    /// Replaces the sandboxes of a worker, in one statement.
    public func record(
        sandboxes: [SandboxRecord],
        worker: String
    ) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                with removed as (delete from sandboxes where worker = $1)
                insert into sandboxes (
                    worker, pool, container, state, tenant, uses, memory_bytes, execution_id)
                select $1, sandbox.* from unnest(
                    $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::int8[],
                    $8::uuid[]
                ) as sandbox
                """,
                [
                    worker,
                    sandboxes.map(\.pool),
                    sandboxes.map(\.container),
                    sandboxes.map(\.state),
                    sandboxes.map(\.tenant),
                    sandboxes.map(\.uses),
                    sandboxes.map(\.memory.bytes),
                    sandboxes.map(\.execution),
                ]
            )
        }
    }

    /// Reads the sandboxes of all workers.
    public func sandboxes() async throws(StoreError) -> [SandboxRecord] {
        try await database.access {
            try await database.pool.query(
                "select * from sandboxes order by worker, pool, container"
            )
            .map { try SandboxRecord($0) }
        }
    }
}

// MARK: - Lock and lease

extension PostgreSQLWorkerRegistry {
    /// SQL for whether the worker of a row is dead; `$1` is what its lock's name begins with.
    private static let isDead = """
        (expires_at < now() or not exists (
            select from pg_locks
            where locktype = 'advisory' and objsubid = 1 and granted
                and database = (select oid from pg_database where datname = current_database())
                and (classid::int8 << 32 | objid::int8) = hashtextextended($1 || workers.id, 0)))
        """

    private var lockPrefix: String { "sandmill \(database.schema) worker " }

    private func acquireLock(of worker: String) async throws(PostgreSQLError) -> AdvisoryLock? {
        let key: Int64
        if let lockKey {
            key = lockKey
        } else {
            key = try await database.pool.query(
                "select hashtextextended($1, 0)",
                [lockPrefix + worker]
            )[0][0]
            lockKey = key
        }
        return try await AdvisoryLock.acquire(key, database.configuration)
    }

    /// Renews the lease, and writes the row again if somebody took us for dead; returns when it began to.
    private func renewLease(of worker: String) async throws -> ContinuousClock.Instant {
        let start = clock.now
        let parameters: [any PostgreSQLValue] = [worker, incarnation, version, isDraining]
        let renewed =
            if let lock {
                try await lock.query(Self.renewal, parameters, timeout: Self.renewalTimeout)
            } else {
                try await database.pool.query(
                    Self.renewal,
                    parameters,
                    timeout: Self.renewalTimeout
                )
            }
        guard renewed.affectedCount > 0 else { throw StoreError.workerIDTaken }
        renewedAt = start
        return start
    }

    private static let renewal = """
        insert into workers (id, incarnation, version, registered_at, expires_at, draining_since)
        values ($1, $2, $3, date_trunc('milliseconds', now()), now() + interval '30 s',
            case when $4 then now() end)
        on conflict (id) do update set expires_at = excluded.expires_at
        where workers.incarnation = excluded.incarnation
        """
}

extension StoreError {
    fileprivate static let workerIDTaken = StoreError(
        .workerIDTaken,
        "another worker with this id is alive"
    )
}

// MARK: - Rows

extension UnstartedExecution {
    /// Reads an execution that has lost too many workers.
    fileprivate init(killer row: Row) throws {
        try self.init(
            row,
            outcome: Outcome(.errored, .workerKiller),
            endedAt: try row["started_at"]
        )
    }
}

extension SandboxRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            worker: try row["worker"],
            pool: try row["pool"],
            container: try row["container"],
            state: try row["state"],
            tenant: try row["tenant"],
            uses: try row["uses"],
            memory: ByteCount(try row["memory_bytes"] as Int64),
            execution: try row["execution_id"]
        )
    }
}
