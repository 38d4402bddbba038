internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

/// Keeps dead letters in Postgres; every call is one transaction.
public struct PostgreSQLDeadLetterStore: DeadLetterStore {
    private let database: Database
    private let cluster: String

    /// Keeps them in `database`.
    ///
    /// - Parameters:
    ///   - database: Where, with its schema up to date.
    ///   - cluster: What the installation is called in events.
    public init(_ database: Database, cluster: String) {
        self.database = database
        self.cluster = cluster
    }

    /// Keeps messages, and counts the members of batches among them.
    public func keep(_ letters: [DeadLetter]) async throws(StoreError) {
        let members = letters.map(RefusedMember.init)
        try await database.access {
            try await database.pool.withTransaction { connection in
                let named = members.compactMap { $0 }
                if !named.isEmpty {
                    let batches = named.map(\.batch.id)
                    try connection.query(DeadLetterStatement.lock, [batches])
                    try connection.query(
                        DeadLetterStatement.batches,
                        DeadLetterStatement.batchParameters(named)
                    )
                    try connection.query(DeadLetterStatement.lockedBatches, [batches])
                }
                try DeadLetterStatement.keep(
                    letters,
                    members: members,
                    cluster: cluster,
                    on: connection
                )
            }
        }
    }

    /// Reads the dead letters that match, by their ids downwards.
    public func list(
        _ filter: DeadLetterFilter,
        below id: Int64?,
        limit: Int
    ) async throws(StoreError) -> [DeadLetterSummary] {
        try await database.access {
            let list = DeadLetterQuery.list(filter, below: id, limit: limit)
            return try await database.list(list.sql, list.parameters)
                .map { try DeadLetterSummary($0) }
        }
    }

    /// Counts the dead letters that match.
    public func count(_ filter: DeadLetterFilter) async throws(StoreError) -> Int {
        try await database.access {
            let count = DeadLetterQuery.count(filter)
            return try await database.list(
                count.sql,
                count.parameters,
                patience: ListStatement.patienceOfCounts
            )[0][0]
        }
    }

    /// Reads one dead letter.
    public func letter(_ id: Int64) async throws(StoreError) -> StoredDeadLetter? {
        try await database.access {
            try await database.pool.query(DeadLetterQuery.one, [id]).first.map {
                try StoredDeadLetter($0)
            }
        }
    }

    /// Moves dead letters to the outbox.
    public func requeue(
        _ ids: [Int64],
        as revision: Revision
    ) async throws(StoreError) -> [RequeueOutcome] {
        try await database.access {
            try await database.pool.query(
                RequeueStatement.sql,
                RequeueStatement.parameters(ids, revision)
            )
            .map { try RequeueStatement.outcome($0) }
        }
    }

    /// Removes dead letters.
    public func purge(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await database.access {
            try await database.pool.query(
                """
                with letter as materialized (
                    select id from dead_letters where id = any($1) order by id for update
                )
                delete from dead_letters using letter where dead_letters.id = letter.id
                returning dead_letters.id
                """,
                [ids]
            )
            .map { try $0["id"] }
        }
    }
}

extension DeadLetterSummary {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"],
            keptAt: try row["kept_at"],
            errorType: try row["error_type"],
            reason: try row["reason"],
            queue: try row["queue"],
            routingKey: try row["address"],
            tenant: try row["tenant"],
            messageID: try row["message_id"],
            bodySize: ByteCount(try row["body_bytes"] as Int64),
            isComplete: try row["is_complete"]
        )
    }
}

extension StoredDeadLetter {
    fileprivate init(_ row: Row) throws {
        let properties: JSON = try row["properties"]
        let body: Data = try row["body"]
        let deliveries: Int32? = try row["deliveries"]
        var letter = DeadLetter(
            errorType: try row["error_type"],
            reason: try row["reason"],
            queue: try row["queue"],
            routingKey: try row["address"],
            deliveries: deliveries.map(Int.init),
            properties: try StoredJSON.decode(StoredProperties.self, from: properties).properties,
            body: .complete(Array(body))
        )
        let exchange: String? = try row["exchange"]
        letter.exchange = exchange.flatMap(OutboundMessage.Exchange.init(rawValue:)) ?? .submit
        letter.bodySize = ByteCount(try row["body_bytes"] as Int64)
        letter.sha256 = try row["sha256"]
        if let errors: JSON = try row["errors"] {
            letter.faults = try StoredJSON.decode([RequestRefusal.Fault].self, from: errors)
        }
        self.init(id: try row["id"], keptAt: try row["kept_at"], letter: letter)
    }
}
