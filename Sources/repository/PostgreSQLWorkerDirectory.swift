internal import FoundationEssentials
internal import PostgreSQL
public import SandmillService

/// The workers as their rows tell.
public struct PostgreSQLWorkerDirectory: WorkerDirectory {
    private let database: Database

    /// The workers of `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Reads all workers, with what they run by an index.
    public func workers() async throws(StoreError) -> [WorkerRecord] {
        try await database.access {
            try await database.pool.query("\(Self.selection) order by workers.id")
                .map { try WorkerRecord($0) }
        }
    }

    /// Writes whether a worker may take.
    public func drain(worker: String, isWanted: Bool) async throws(StoreError) -> WorkerRecord? {
        try await database.access {
            try await database.pool.query(
                """
                update workers set
                    draining_since = case when $2 then coalesce(draining_since, now()) end,
                    drained_at = case when $2 then drained_at end
                where id = $1
                """,
                [worker, isWanted]
            )
            return try await database.pool.query(
                "\(Self.selection) where workers.id = $1",
                [worker]
            )
            .first.map { try WorkerRecord($0) }
        }
    }

    private static let selection = """
        select workers.*, expires_at > now() as is_alive,
            held.claimed, held.running,
            (select coalesce(jsonb_object_agg(state, count), '{}') from (
                select state, count(*) from sandboxes where worker = workers.id group by state
            ) as counted) as sandboxes
        from workers, lateral (
            select count(*) filter (where \(PostgreSQLExecutionStore.isHeld)) as claimed,
                count(*) filter (where not (\(PostgreSQLExecutionStore.isHeld))) as running
            from executions where worker = workers.id and finished_at is null
        ) as held
        """
}

extension WorkerRecord {
    fileprivate init(_ row: Row) throws {
        let drainingSince: Date? = try row["draining_since"]
        let drainedAt: Date? = try row["drained_at"]
        let isAlive: Bool = try row["is_alive"]
        self.init(
            id: try row["id"],
            version: try row["version"],
            state: isAlive
                ? (drainedAt != nil ? .drained : drainingSince != nil ? .draining : .active)
                : .lost,
            registeredAt: try row["registered_at"],
            expiresAt: try row["expires_at"],
            drainingSince: drainingSince,
            drainedAt: drainedAt,
            running: try row["running"],
            claimed: try row["claimed"],
            slots: try Self.counts(row["slots"]),
            runtimes: try StoredJSON.decode([String: [String]].self, from: row["runtimes"]),
            sandboxes: try Self.counts(row["sandboxes"]),
            unacknowledged: try Self.counts(row["unacknowledged"])
        )
    }

    private static func counts(_ json: JSON) throws -> [String: Int] {
        try StoredJSON.decode([String: Int].self, from: json)
    }
}
