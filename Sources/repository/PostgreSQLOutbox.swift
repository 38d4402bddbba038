internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// The outbox in Postgres.
///
/// A row has one time, when it may be taken; whoever takes it moves that to the end of its lease.
public struct PostgreSQLOutbox: Outbox {
    private let database: Database
    private let cluster: String

    /// The outbox of `database`.
    ///
    /// - Parameters:
    ///   - database: Where, with its schema up to date.
    ///   - cluster: What the installation is called in events.
    public init(_ database: Database, cluster: String) {
        self.database = database
        self.cluster = cluster
    }

    /// SQL that lets a transaction end before its flush.
    ///
    /// What a crash undoes here is a lease or a removal: the message is sent again, with its id.
    private static let relaxation = """
        (select set_config('synchronous_commit', 'off', true)) as relaxation
        """

    /// The most bytes of bodies that are leased at once, but for the first.
    private static let byteBudget = 8 << 20

    /// Takes messages that are due, and those that the worker has and does not know of, for 30 s.
    ///
    /// A row that cannot be read becomes a dead letter, and costs no other.
    public func lease(
        by worker: String,
        holding held: Set<Int64>,
        limit: Int
    ) async throws(StoreError) -> [OutboxMessage] {
        var messages: [OutboxMessage] = []
        let rows = try await database.access {
            try await database.pool.query(
                """
                with due as materialized (
                    select id, available_at, octet_length(body) as size
                    from outbox
                    -- A lease of our own is some seconds old: what is just committed is on its way.
                    where available_at <= now() + interval '27 s'
                        and (available_at <= now() or leased_by = $1 and not (id = any($3)))
                    order by available_at, id limit $2
                    for update skip locked
                ),
                fitting as (
                    select id, sum(size) over (order by available_at, id) - size as bytes_before
                    from due
                ),
                leased as (
                    update outbox
                    set available_at = now() + interval '30 s', leased_by = $1
                    from fitting, \(Self.relaxation)
                    where outbox.id = fitting.id and bytes_before <= \(Self.byteBudget)
                    returning outbox.id, message, body
                )
                select * from leased order by id
                """,
                [worker, limit, Array(held)]
            )
        }
        for row in rows {
            do {
                if let message = try OutboxMessage(row) { messages.append(message) }
            } catch {
                try await setAside(unreadable: row)
            }
        }
        return messages
    }

    /// Ends leases, unless somebody else has the message by now.
    public func release(_ ids: [Int64], by worker: String) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                update outbox set available_at = now() + interval '1 s', leased_by = null
                from \(Self.relaxation)
                where id = any($1) and leased_by = $2
                """,
                [ids, worker]
            )
        }
    }

    /// Ends leases for longer each time, unless somebody else has the message by now.
    public func postpone(
        _ ids: [Int64],
        by worker: String
    ) async throws(StoreError) -> [Int64: Int] {
        try await database.access {
            let rows = try await database.pool.query(
                """
                update outbox
                set available_at = now() + make_interval(
                        secs => least(2 ^ least(rejections, 16), 300)),
                    leased_by = null, rejections = rejections + 1
                where id = any($1) and leased_by = $2
                returning id, rejections
                """,
                [ids, worker]
            )
            var rejections: [Int64: Int] = [:]
            for row in rows { rejections[try row["id"]] = try row["rejections"] }
            return rejections
        }
    }

    /// Removes messages, leased or not.
    public func remove(_ ids: [Int64]) async throws(StoreError) {
        guard !ids.isEmpty else { return }
        try await database.access {
            try await database.pool.query(
                "delete from outbox using \(Self.relaxation) where id = any($1)",
                [ids]
            )
        }
    }

    /// Parks the executions whose requests they are, and keeps the others as dead letters.
    public func setAside(
        _ messages: [(row: OutboxMessage, reason: String)]
    ) async throws(StoreError) {
        guard !messages.isEmpty else { return }
        try await database.access {
            try await database.pool.withTransaction { connection in
                // Who takes a row out decides what becomes of it.
                let removed = Set<Int64>(
                    try connection.query(
                        "delete from outbox where id = any($1) returning id",
                        [messages.map(\.row.id)]
                    )
                    .map { try $0["id"] }
                )
                let messages = messages.filter { removed.contains($0.row.id) }
                let requests = messages.filter { $0.row.message.exchange == .submit }
                let parked = Set<UUID>(
                    try connection.query(
                        """
                        with unsent as materialized (
                            select id, state, waits from executions
                            where id = any($1) order by id for update
                        )
                        update executions set waits = 'store' from unsent
                        where executions.id = unsent.id and unsent.state = 'queued'
                            and unsent.waits = 'broker'
                        returning executions.id
                        """,
                        [requests.compactMap(\.row.message.executionID)]
                    )
                    .map { try $0["id"] }
                )
                try keep(
                    messages
                        .filter { !($0.row.message.executionID.map(parked.contains) ?? false) }
                        .map { DeadLetter(unpublishable: $0.row.message, reason: $0.reason) },
                    on: connection
                )
            }
        }
    }

    /// Keeps a row that this version cannot read, with what it says as the reason.
    private func setAside(unreadable row: Row) async throws(StoreError) {
        try await database.access {
            let (id, message, body): (Int64, JSON, Data) = (
                try row["id"], try row["message"], try row["body"]
            )
            let letter = DeadLetter(
                errorType: "unpublishable",
                reason:
                    "the outbox has a message that cannot be read: \(message.text.prefix(2_000))",
                queue: "outbox",
                routingKey: nil,
                deliveries: 0,
                properties: MessageProperties(),
                body: .complete(Array(body))
            )
            try await database.pool.withTransaction { connection in
                let removed = try connection.query(
                    "delete from outbox where id = $1 returning id",
                    [id]
                )
                if !removed.isEmpty { try keep([letter], on: connection) }
            }
        }
    }

    private func keep(_ letters: [DeadLetter], on connection: isolated Connection) throws {
        guard !letters.isEmpty else { return }
        try DeadLetterStatement.keep(
            letters,
            // None is the member of a batch: nobody has found fault with the content.
            members: letters.map { _ in nil },
            cluster: cluster,
            on: connection
        )
    }
}

extension OutboundMessage {
    /// Whose request it is, if it is one.
    fileprivate var executionID: UUID? {
        exchange == .submit ? properties.messageID.flatMap(UUID.init(text:)) : nil
    }
}
