import PostgreSQL
import Testing

@Suite("A transaction", .serialized, .timeLimit(.minutes(5)))
struct TransactionTests {
    private struct Refusal: Error {}

    private func withTable(
        _ body: (Connection, ConnectionConfiguration) async throws -> Void
    ) async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            try await connection.execute(script: "create table t (n int8 primary key)")
            try await body(connection, configuration)
        }
    }

    private func numbers(_ connection: Connection) async throws -> [Int] {
        try await connection.query("select n from t order by n").map { try $0[0] }
    }

    @Test func itIsCommittedWhenItsBodyReturns() async throws {
        try await withTable { connection, configuration in
            let count = try await connection.withTransaction { connection in
                try connection.query("insert into t values (1)")
                return try connection.query("insert into t values (2), (3)").affectedCount
            }
            #expect(count == 2)
            #expect(try await numbers(try await Connection.open(configuration)) == [1, 2, 3])
        }
    }

    @Test func itIsRolledBackWhenItsBodyThrows() async throws {
        try await withTable { connection, _ in
            await #expect(throws: Refusal.self) {
                try await connection.withTransaction { connection in
                    try connection.query("insert into t values (1)")
                    throw Refusal()
                }
            }
            #expect(try await numbers(connection).isEmpty)
            try await connection.withTransaction { try $0.query("insert into t values (2)") }
            #expect(try await numbers(connection) == [2])
        }
    }

    @Test func aFailureThatItsBodyCatchesFailsItNevertheless() async throws {
        try await withTable { connection, _ in
            let error = try await failure {
                try await connection.withTransaction { connection in
                    try connection.query("insert into t values (1)")
                    _ = try? connection.query("insert into t values (1)")
                }
            }
            #expect(error.sqlState == .inFailedTransaction)
            #expect(try await numbers(connection).isEmpty)
        }
    }

    @Test func aCommitWhoseReplyIsLostHasAnUnknownOutcome() async throws {
        let proxy = try await Proxy()
        defer { proxy.stop() }
        try await withTable { direct, configuration in
            let connection = try await Connection.open(proxy.configuration(configuration))
            let error = try await failure {
                try await connection.withTransaction { connection in
                    try connection.query("insert into t values (1)")
                    proxy.mode = .cuttingReplies
                }
            }
            #expect(error.isOutcomeUnknown)
            #expect(error.isConnectionLost)
            #expect(error.isRetryable)
            try await direct.waitUntil("select count(*) = 1 from t")
        }
    }

    @Test func aStatementWhoseReplyIsLostHasAnUnknownOutcome() async throws {
        let proxy = try await Proxy()
        defer { proxy.stop() }
        try await withTable { direct, configuration in
            let connection = try await Connection.open(proxy.configuration(configuration))
            try await connection.query("insert into t values ($1)", [1])
            proxy.mode = .cuttingReplies
            let error = try await failure {
                try await connection.query("insert into t values ($1)", [2])
            }
            #expect(error.isOutcomeUnknown)
            try await direct.waitUntil("select count(*) = 2 from t")
        }
    }

    @Test func aReplyLostBeforeTheCommitLeavesNothing() async throws {
        let proxy = try await Proxy()
        defer { proxy.stop() }
        try await withTable { direct, configuration in
            let connection = try await Connection.open(proxy.configuration(configuration))
            let error = try await failure {
                try await connection.withTransaction { connection in
                    proxy.mode = .cuttingReplies
                    try connection.query("insert into t values (1)")
                }
            }
            #expect(error.isConnectionLost)
            #expect(!error.isOutcomeUnknown)
            #expect(try await numbers(direct).isEmpty)
        }
    }
}
