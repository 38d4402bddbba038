import Foundation
import PostgreSQL
import Testing

@Suite("An error", .serialized, .timeLimit(.minutes(5)))
struct ErrorTests {
    @Test func aViolatedConstraintIsNamed() async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            try await connection.execute(
                script: """
                    create table parent (id int8 constraint parent_key primary key);
                    create table t (
                        n int8 not null constraint small check (n < 10),
                        parent int8 constraint of_parent references parent);
                    insert into parent values (1)
                    """
            )
            let expected: [(String, SQLState, String?)] = [
                ("insert into parent values (1)", SQLState(rawValue: "23505"), "parent_key"),
                ("insert into t values (10, 1)", SQLState(rawValue: "23514"), "small"),
                ("insert into t values (1, 2)", SQLState(rawValue: "23503"), "of_parent"),
                ("insert into t values (null, 1)", SQLState(rawValue: "23502"), nil),
            ]
            for (statement, sqlState, constraint) in expected {
                let error = try await failure { try await connection.query(statement) }
                #expect(error.code == .refused)
                #expect(error.sqlState == sqlState)
                #expect(error.constraint == constraint)
                #expect(error.isDataError)
                #expect(!error.isRetryable)
                #expect(!error.isConnectionLost)
            }
        }
    }

    @Test func aConstraintCheckedAtTheCommitFailsItsStatement() async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            try await connection.execute(
                script: "create table t (n int8 unique deferrable initially deferred)"
            )
            let error = try await failure {
                try await connection.query("insert into t values (1), (1) returning n")
            }
            #expect(error.sqlState == SQLState(rawValue: "23505"))
            #expect(try await connection.query("select count(*) from t")[0][0] == 0)
        }
    }

    @Test func aDescriptionShowsNeitherStatementNorValues() async throws {
        let connection = try await Connection.open(try Server.configuration())
        for statement in ["select secret_column", "secret statement", "select 'secret'::int4"] {
            let error = try await failure { try await connection.query(statement) }
            #expect(!"\(error)".contains("sec"))
            #expect(error.debugDescription.contains("sec"))
        }
    }

    @Test func aDescriptionShowsNoPassword() async throws {
        for string in [
            "postgresql://u:pa@ssword@127.0.0.1:1/db", "postgresql://u:pass%word@127.0.0.1:1/db",
            "postgresql://u:password@127.0.0.1:1/db", "host=127.0.0.1 port=1 password='password",
        ] {
            let configuration = ConnectionConfiguration(string, applicationName: "test")
            let error = try await failure { try await Connection.open(configuration) }
            #expect(!"\(error)".contains("word"))
            #expect(!"\(configuration)".contains("word"))
        }
    }

    @Test(arguments: [
        ("postgresql://127.0.0.1:1/db", "refused"),
        ("postgresql:///db?host=/no/such/directory", "No such file"),
    ])
    func nobodyListeningIsRetryable(string: String, cause: String) async throws {
        let configuration = ConnectionConfiguration(string, applicationName: "test")
        let duration = try await ContinuousClock().measure {
            let error = try await failure { try await Connection.open(configuration) }
            #expect(error.code == .connectionFailed)
            #expect(error.isRetryable)
            #expect("\(error)".contains(cause))
        }
        #expect(duration < .seconds(20))
    }

    @Test func anUnknownDatabaseIsNotRetryable() async throws {
        var configuration = try Server.configuration()
        let separator = configuration.connectionString.contains("?") ? "&" : "?"
        configuration.connectionString += "\(separator)dbname=no_such_database"
        let error = try await failure { try await Connection.open(configuration) }
        #expect(error.code == .connectionFailed)
        #expect(error.sqlState == .invalidCatalogName)
        #expect(!error.isRetryable)
        #expect(error.isAccessRefusal)
    }

    @Test func aRoleThatMayNotLogInIsRefusedAccess() async throws {
        var configuration = try Server.configuration()
        let administrator = try await Connection.open(configuration)
        let role = "test_\(UUID().uuidString.prefix(8).lowercased())"
        try await administrator.query("create role \(role) nologin")
        let separator = configuration.connectionString.contains("?") ? "&" : "?"
        configuration.connectionString += "\(separator)user=\(role)"
        let error = try await failure { try await Connection.open(configuration) }
        #expect(error.sqlState == SQLState(rawValue: "28000"))
        #expect(error.isAccessRefusal)
        #expect(!error.isDataError)
        try await administrator.query("drop role \(role)")
    }

    @Test func aSessionThatMayNotDoSomethingIsClosed() async throws {
        try await Server.withSchema { configuration in
            let connection = try await Connection.open(configuration)
            let role = "test_\(UUID().uuidString.prefix(8).lowercased())"
            try await connection.execute(
                script: """
                    create role \(role); create table t (n int4);
                    grant usage on schema \(try #require(configuration.settings["search_path"]))
                        to \(role);
                    set role \(role)
                    """
            )
            let error = try await failure { try await connection.query("insert into t values (1)") }
            #expect(error.sqlState == .insufficientPrivilege)
            #expect(error.isAccessRefusal)
            #expect(connection.isClosed)
            let administrator = try await Connection.open(configuration)
            try await administrator.execute(
                script: "drop owned by \(role); drop role \(role)"
            )
        }
    }

    @Test func aSessionThatRefusesToWriteIsClosedAndAnotherTakesItsPlace() async throws {
        try await Server.withSchema { configuration in
            let pool = Pool(configuration, size: 1)
            try await pool.query("create table t (n int4)")
            try await pool.withConnection { connection in
                try connection.execute(script: "set default_transaction_read_only = on")
            }
            let error = try await failure { try await pool.query("insert into t values (1)") }
            #expect(error.sqlState == .readOnlyTransaction)
            #expect(error.isRetryable)
            #expect(error.isConnectionLost)
            #expect(try await pool.query("insert into t values (1)").affectedCount == 1)
            pool.close()
        }
    }

    @Test func tooManyConnectionsIsRetryable() async throws {
        var configuration = try Server.configuration()
        let administrator = try await Connection.open(configuration)
        let role = "test_\(UUID().uuidString.prefix(8).lowercased())"
        try await administrator.execute(
            script: "create role \(role) login password 'password' connection limit 1"
        )
        let separator = configuration.connectionString.contains("?") ? "&" : "?"
        configuration.connectionString += "\(separator)user=\(role)&password=password"
        let first = try await Connection.open(configuration)
        let error = try await failure { try await Connection.open(configuration) }
        #expect(error.sqlState == SQLState(rawValue: "53300"))
        #expect(error.isRetryable)
        try await Server.terminate(first)
        try await administrator.execute(script: "drop role \(role)")
    }

    @Test func aSerializationFailureIsRetryable() async throws {
        try await Server.withSchema { configuration in
            let one = try await Connection.open(configuration)
            let two = try await Connection.open(configuration)
            try await one.execute(script: "create table t (n int8); insert into t values (1)")
            for connection in [one, two] {
                try await connection.execute(script: "begin isolation level repeatable read")
                try await connection.query("select n from t")
            }
            try await one.execute(script: "update t set n = 2; commit")
            let error = try await failure { try await two.query("update t set n = 3") }
            #expect(error.sqlState == .serializationFailure)
            #expect(error.isRetryable)
            #expect(!error.isConnectionLost)
        }
    }

    @Test func aDeadlockIsRetryable() async throws {
        try await Server.withSchema { configuration in
            let one = try await Connection.open(configuration)
            let two = try await Connection.open(configuration)
            try await one.execute(
                script: "create table t (id int8, n int8); insert into t values (1, 0), (2, 0)"
            )
            try await one.execute(script: "begin; update t set n = 1 where id = 1")
            try await two.execute(script: "begin; update t set n = 1 where id = 2")
            async let first = Result {
                try await one.execute(script: "update t set n = 2 where id = 2; rollback")
            }
            async let second = Result {
                try await two.execute(script: "update t set n = 2 where id = 1; rollback")
            }
            let errors = await [first, second].compactMap { result in
                if case .failure(let error as PostgreSQLError) = result { error } else { nil }
            }
            #expect(errors.map(\.sqlState) == [SQLState(rawValue: "40P01")])
            #expect(errors.allSatisfy { $0.isRetryable && !$0.isConnectionLost })
        }
    }
}
