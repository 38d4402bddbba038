internal import PostgreSQL
internal import SandmillService

/// The record store: one database, one schema in it, and the connections to both.
public struct Database: Sendable {
    /// The schema with our tables.
    public let schema: String
    let configuration: ConnectionConfiguration
    let pool: Pool

    /// Describes the record store; connections are opened on demand.
    ///
    /// - Parameters:
    ///   - url: A libpq connection string or URI.
    ///   - schema: The schema with our tables.
    ///   - connections: The most connections for statements, at least 1. A registered worker has
    ///     one more, which holds its lock.
    ///   - applicationName: How the server lists the connections.
    public init(url: String, schema: String, connections: Int, applicationName: String) {
        self.schema = schema
        var configuration = ConnectionConfiguration(url, applicationName: applicationName)
        configuration.settings = Self.settings
        configuration.settings["search_path"] = Self.quoted(schema)
        self.configuration = configuration
        pool = Pool(configuration, size: connections)
    }

    /// Closes the connections.
    public func close() {
        pool.close()
    }

    /// Every statement of ours finds its rows by an index and has one good plan.
    ///
    /// So a plan is made once, and it is not made for the size that a table happens to have then:
    /// a sequential scan that was best for an empty table would stay with a full one.
    ///
    /// Nobody waits for a row that somebody holds: whoever writes a group goes on without it
    /// (``GroupCommitter``). Locks that are taken in turn set a time of their own. The other settings
    /// let the server notice within half a minute that we are gone (manual, 20).
    private static let settings = [
        "lock_timeout": "500ms",
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "jit": "off",
        "client_connection_check_interval": "5s",
        "idle_in_transaction_session_timeout": "30s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    ]

    static func quoted(_ identifier: String) -> String {
        "\"\(identifier.replacing("\"", with: "\"\""))\""
    }

    /// Runs `body` and says its failures in the words of the ports.
    @discardableResult
    func access<Result>(
        _ body: () async throws -> Result
    ) async throws(StoreError) -> Result {
        do {
            return try await body()
        } catch let error as PostgreSQLError {
            throw StoreError(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.internal, "\(error)")
        }
    }
}

extension StoreError {
    init(_ error: PostgreSQLError) {
        let code: Code =
            if error.sqlState == .lockNotAvailable {
                .rowLocked
            } else if error.isAccessRefusal {
                .accessRefused
            } else if error.isRetryable {
                .unavailable
            } else if error.isDataError {
                .unstorable
            } else if let state = error.sqlState, Self.statesOfOtherSchemas.contains(state) {
                .schemaMismatch
            } else {
                .internal
            }
        self.init(code, "\(error)")
    }

    private static let statesOfOtherSchemas: [SQLState] = [
        .invalidSchemaName, .undefinedColumn, .undefinedTable,
    ]
}
