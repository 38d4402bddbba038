import Foundation
import PostgreSQL
import Testing

@Suite("A connection", .serialized, .timeLimit(.minutes(5)))
struct ConnectionTests {
    @Test func theServerSeesTheApplicationNameAndSettings() async throws {
        var configuration = try Server.configuration()
        configuration.settings = ["search_path": "pg_catalog", "statement_timeout": "1234ms"]
        let connection = try await Connection.open(configuration)
        let row = try await connection.query(
            """
            select current_setting('application_name') as application,
                   current_setting('search_path') as path,
                   current_setting('statement_timeout') as timeout
            """
        )[0]
        #expect(try row["application"] == "postgresql-tests")
        #expect(try row["path"] == "pg_catalog")
        #expect(try row["timeout"] == "1234ms")
    }

    @Test func theConnectionStringComesBeforeTheDefaults() async throws {
        var configuration = try Server.configuration()
        let separator = configuration.connectionString.contains("?") ? "&" : "?"
        configuration.connectionString += "\(separator)application_name=mine"
        let connection = try await Connection.open(configuration)
        let row = try await connection.query("select current_setting('application_name')")[0]
        #expect(try row[0] == "mine")
    }

    @Test func aStatementThatSelectsNothingHasNoRows() async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            #expect(try await connection.query("create table t (n int8 primary key)").isEmpty)
            let inserted = try await connection.query(
                "insert into t select * from unnest($1::int8[])",
                [[1, 2, 3]]
            )
            #expect(inserted.isEmpty)
            #expect(inserted.affectedCount == 3)
            let returned = try await connection.query("delete from t where n > $1 returning n", [1])
            #expect(try returned.map { try $0["n", as: Int.self] }.sorted() == [2, 3])
        }
    }

    @Test func aStatementIsPreparedOnce() async throws {
        let connection = try await Connection.open(try Server.configuration())
        for number in 1...3 {
            #expect(try await connection.query("select $1", [number])[0][0] == number)
        }
        #expect(try await connection.query("select $1", ["text"])[0][0] == "text")
        let row = try await connection.query(
            "select count(*) from pg_prepared_statements where statement = 'select $1'"
        )[0]
        #expect(try row[0] == 2)
    }

    @Test func aChangedTableOutdatesNoStatementForLong() async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            try await connection.execute(
                script: "create table t (n int4); insert into t values (1)"
            )
            #expect(try await connection.query("select * from t")[0]["n"] == Int32(1))
            try await connection.execute(script: "alter table t alter n type int8")
            #expect(try await connection.query("select * from t")[0]["n"] == Int64(1))
        }
    }

    @Test func aScriptIsOneTransaction() async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            let error = try await failure {
                try await connection.execute(script: "create table t (n int4); select 1/0")
            }
            #expect(error.sqlState == SQLState(rawValue: "22012"))
            #expect(
                try await connection.query("select to_regclass('t')::text")[0][0] == String?.none
            )
            try await connection.execute(
                script: "create table t (n int4); insert into t values (1)"
            )
            #expect(try await connection.query("select n from t")[0][0] == 1)
        }
    }

    @Test func aStatementThatTakesTooLongClosesTheConnection() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let duration = try await ContinuousClock().measure {
            let error = try await failure {
                try await connection.query("select pg_sleep(60)", timeout: .milliseconds(200))
            }
            #expect(error.code == .timedOut)
            #expect(error.isRetryable)
            #expect(error.isConnectionLost)
            #expect(error.isOutcomeUnknown)
        }
        #expect(duration < .seconds(20))
        #expect(connection.isClosed)
        let error = try await failure { try await connection.query("select 1") }
        #expect(error.code == .connectionLost)
        #expect(!error.isOutcomeUnknown)
    }

    @Test func aServerThatVanishesIsNotWaitedForBeyondTheTimeout() async throws {
        let proxy = try await Proxy()
        defer { proxy.stop() }
        let connection = try await Connection.open(proxy.configuration(try Server.configuration()))
        try await connection.query("select 1")
        proxy.mode = .frozen
        let duration = try await ContinuousClock().measure {
            // More than fits the socket's buffers: both sending and receiving must end in time.
            let big = String(repeating: "x", count: 6_000_000)
            let error = try await failure {
                try await connection.query("select length($1)", [big], timeout: .milliseconds(500))
            }
            #expect(error.code == .timedOut)
        }
        #expect(duration < .seconds(20))
        #expect(connection.isClosed)
    }

    @Test func aServerThatAcceptsAndSaysNothingIsGivenUp() async throws {
        let proxy = try await Proxy()
        defer { proxy.stop() }
        proxy.mode = .frozen
        var configuration = proxy.configuration(try Server.configuration())
        configuration.defaults["connect_timeout"] = "2"
        let error = try await failure { try await Connection.open(configuration) }
        #expect(error.code == .connectionFailed)
        #expect(error.isRetryable)
        // Its socket went with it.
        proxy.mode = .forwarding
        for await _ in proxy.clientEnds { break }
    }

    @Test func aSilentHostIsPassedOverForTheNext() async throws {
        let proxy = try await Proxy()
        let good = try await Proxy()
        defer { proxy.stop() }
        defer { good.stop() }
        proxy.mode = .frozen
        var configuration = try Server.configuration()
        configuration.defaults["connect_timeout"] = "2"
        let separator = configuration.connectionString.contains("?") ? "&" : "?"
        configuration.connectionString +=
            "\(separator)host=127.0.0.1,127.0.0.1&port=\(proxy.port),\(good.port)"
        let connection = try await Connection.open(configuration)
        #expect(try await connection.query("select 1")[0][0] == 1)
    }

    @Test func aTerminatedSessionIsNoticedWhileIdle() async throws {
        let connection = try await Connection.open(try Server.configuration())
        try await Server.terminate(connection)
        await connection.waitUntilClosed()
        #expect(connection.isClosed)
        let error = try await failure { try await connection.query("select 1") }
        #expect(error.isConnectionLost)
        #expect(error.isRetryable)
        #expect(!error.isOutcomeUnknown)
    }

    @Test func aSessionTerminatedInAStatementSaysWhy() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let other = try await Connection.open(try Server.configuration())
        let processID = try await connection.backendProcessID
        async let sleeping = failure { try await connection.query("select pg_sleep(60)") }
        try await other.waitUntil(
            "select wait_event = 'PgSleep' from pg_stat_activity where pid = $1",
            [processID]
        )
        try await other.query("select pg_terminate_backend($1)", [processID])
        let error = try await sleeping
        #expect(error.sqlState == SQLState(rawValue: "57P01"))
        #expect(error.isRetryable)
        #expect(error.isConnectionLost)
        #expect(connection.isClosed)
    }

    @Test func copyIsRefusedAndClosesTheConnection() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let error = try await failure {
            try await connection.execute(script: "copy (select 1) to stdout")
        }
        #expect(error.isConnectionLost)
        #expect(connection.isClosed)
    }
}

extension Connection {
    /// Asks again until the statement's only value is true.
    func waitUntil(_ sql: String, _ parameters: [any PostgreSQLValue] = []) throws {
        while try !(query(sql, parameters).first?[0] ?? false) { try Task.checkCancellation() }
    }
}
