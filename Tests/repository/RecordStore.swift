import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

/// A schema of its own on the real server, migrated, with everything that works on it.
struct RecordStore {
    let database: Database
    let executions: PostgreSQLExecutionStore
    let cancellations: PostgreSQLCancellationStore
    let letters: PostgreSQLDeadLetterStore
    let outbox: PostgreSQLOutbox
    /// What a person with `psql` sees.
    let pool: Pool

    static func url() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["SANDMILL_DATABASE_URL"],
            "these tests need PostgreSQL: SANDMILL_DATABASE_URL is not set"
        )
    }

    static func newSchema() -> String {
        "test \(UUID().uuidString.lowercased())"
    }

    private static func quoted(_ schema: String) -> String {
        "\"\(schema.replacing("\"", with: "\"\""))\""
    }

    /// Runs `body` with a store whose schema is dropped afterwards.
    static func with(
        schema: String = newSchema(),
        connections: Int = 4,
        _ body: (RecordStore) async throws -> Void
    ) async throws {
        let store = try RecordStore(schema: schema, connections: connections)
        let result: Result<Void, any Error>
        do {
            _ = try await Migrator(store.database).migrate()
            result = .success(try await body(store))
        } catch {
            result = .failure(error)
        }
        try await store.pool.query("drop schema if exists \(quoted(schema)) cascade")
        store.database.close()
        store.pool.close()
        try result.get()
    }

    init(schema: String, connections: Int = 4) throws {
        database = Database(
            url: try Self.url(),
            schema: schema,
            connections: connections,
            applicationName: "repository-tests"
        )
        executions = PostgreSQLExecutionStore(database, cluster: "test")
        cancellations = PostgreSQLCancellationStore(database)
        letters = PostgreSQLDeadLetterStore(database, cluster: "test")
        outbox = PostgreSQLOutbox(database, cluster: "test")
        var configuration = ConnectionConfiguration(
            try Self.url(),
            applicationName: "repository-tests"
        )
        configuration.settings["search_path"] = Self.quoted(schema)
        pool = Pool(configuration, size: 2)
    }

    /// The only value of a query.
    func value<Value: PostgreSQLValue>(
        _ sql: String,
        _ parameters: [any PostgreSQLValue] = [],
        as type: Value.Type = Value.self
    ) async throws -> Value {
        let rows = try await pool.query(sql, parameters)
        return try #require(rows.first, "the query has no row")[0]
    }

    /// Claims one execution, which must succeed.
    func claim(_ claim: Claim) async throws -> Int {
        let outcome = try await executions.claim([claim])
        guard case .claimed(let grant) = outcome.first else {
            Issue.record("the claim came out as \(outcome)")
            return 0
        }
        return grant.attempt
    }
}

/// The error of a call that must fail with one of the ports.
func storeFailure<Value>(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async throws -> StoreError {
    try #require(
        await #expect(throws: StoreError.self, sourceLocation: sourceLocation) {
            _ = try await body()
        }
    )
}

extension PostgreSQLExecutionStore {
    /// How many executions of a pool wait in the store, counted up to `limit`.
    func parkedCount(pool: String, upTo limit: Int) async throws -> Int {
        try await parked(pool: pool, upTo: limit).values.reduce(0) { $0 + $1.count }
    }
}
