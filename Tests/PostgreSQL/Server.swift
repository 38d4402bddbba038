import Foundation
import PostgreSQL
import Testing

/// The real server that every test needs; without it they fail.
///
/// The suites are serialized so that all of them together leave others some of its connections.
enum Server {
    static func configuration() throws -> ConnectionConfiguration {
        let url = try #require(
            ProcessInfo.processInfo.environment["SANDMILL_DATABASE_URL"],
            "these tests need PostgreSQL: SANDMILL_DATABASE_URL is not set"
        )
        return ConnectionConfiguration(url, applicationName: "postgresql-tests")
    }

    /// Runs `body` with a schema of its own, which is dropped afterwards.
    static func withSchema(
        _ body: (ConnectionConfiguration) async throws -> Void
    ) async throws {
        var configuration = try configuration()
        let administrator = try await Connection.open(configuration)
        let schema = "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        try await administrator.execute(script: "create schema \(schema)")
        configuration.settings["search_path"] = schema
        let result = await Result { try await body(configuration) }
        try await administrator.execute(script: "drop schema \(schema) cascade")
        try result.get()
    }

    /// Ends the session of another connection, as an administrator does.
    static func terminate(_ connection: Connection) async throws {
        let processID = try await connection.backendProcessID
        let administrator = try await Connection.open(try configuration())
        let rows = try await administrator.query(
            "select pg_terminate_backend($1, 5000)",
            [processID]
        )
        #expect(try rows[0][0])
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// The error of a call that must fail with one of this module.
func failure<Value>(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async throws -> PostgreSQLError {
    try #require(
        await #expect(throws: PostgreSQLError.self, sourceLocation: sourceLocation) {
            _ = try await body()
        }
    )
}
