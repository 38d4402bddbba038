/// A lock in the database that its holder's session keeps (manual, 13.3.5).
///
/// The server frees it when the session ends, however it ends, so that others learn at once of a
/// holder that was killed. The session is the lock's own; it does only what its holder asks of it.
public struct AdvisoryLock: Sendable {
    private let connection: Connection

    /// Takes the lock if it is free.
    ///
    /// - Parameters:
    ///   - key: Any number; locks with different keys are independent.
    ///   - configuration: For the connection that keeps it.
    /// - Returns: The lock, or nil where another session holds it.
    /// - Throws: As ``Connection/open(_:)`` and ``Connection/query(_:_:timeout:)``.
    public static func acquire(
        _ key: Int64,
        _ configuration: ConnectionConfiguration
    ) async throws(PostgreSQLError) -> AdvisoryLock? {
        let connection = try await Connection.open(configuration)
        let rows = try await connection.query("select pg_try_advisory_lock($1)", [key])
        return try rows[0][0] ? AdvisoryLock(connection: connection) : nil
    }

    /// Whether the lock is held, as far as is known.
    public var isHeld: Bool { !connection.isClosed }

    /// Runs one statement in the session that holds the lock; see ``Connection/query(_:_:timeout:)``.
    @discardableResult
    public func query(
        _ sql: String,
        _ parameters: [any PostgreSQLValue] = [],
        timeout: Duration? = nil
    ) async throws(PostgreSQLError) -> Rows {
        try await connection.query(sql, parameters, timeout: timeout)
    }

    /// Returns when the lock is no longer held, or the task is cancelled; for one task.
    public func waitUntilLost() async {
        await connection.waitUntilClosed()
    }

    /// Frees the lock.
    public func release() async {
        await connection.close()
    }
}
