internal import Threads

/// One session with the server, on a thread of its own where its calls block.
///
/// Any task may use it; calls run one after another, in the order of their arrival. Several
/// statements that belong together run in ``withTransaction(_:)``, or in a closure that
/// is isolated to the connection and does not suspend between them. The session ends when the
/// last reference is gone.
///
/// After an error with ``PostgreSQLError/isConnectionLost`` it is closed for good; open another.
public actor Connection {
    private let executor: ThreadExecutor
    private let session: Session
    private let statementTimeout: Duration
    private var statements: [StatementKey: Statement] = [:]
    private var statementCount = 0
    private var isInScopedTransaction = false
    /// Whether libpq's buffers have grown: they never shrink.
    private var hasLargeBuffers = false

    /// The thread of this connection.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Opens a connection.
    ///
    /// - Throws: ``PostgreSQLError/Code/invalidConnectionString``, or
    ///   ``PostgreSQLError/Code/connectionFailed`` with the server's SQLSTATE where it answered,
    ///   or the server's refusal of one of the settings.
    public static func open(
        _ configuration: ConnectionConfiguration
    ) async throws(PostgreSQLError) -> Connection {
        let connection = Connection(statementTimeout: configuration.statementTimeout)
        try await connection.start(configuration)
        return connection
    }

    private init(statementTimeout: Duration) {
        self.statementTimeout = statementTimeout
        session = Session()
        executor = ThreadExecutor(name: "postgresql", parking: session)
    }

    private func start(_ configuration: ConnectionConfiguration) throws(PostgreSQLError) {
        try session.open(try ConnectionOptions(configuration))
        guard !configuration.settings.isEmpty else { return }
        let settings = configuration.settings.sorted { $0.key < $1.key }
        try query(
            """
            select set_config(name, value, false)
            from unnest($1::text[], $2::text[]) as setting(name, value)
            """,
            [settings.map(\.key), settings.map(\.value)]
        )
    }

    /// Whether the session has ended, as far as is known.
    public nonisolated var isClosed: Bool { session.isClosed }

    /// Returns when the session has ended, for whatever reason, or the task is cancelled; for one task.
    public nonisolated func waitUntilClosed() async {
        for await _ in session.end {}
    }

    /// The server's process for this session (`pg_backend_pid`).
    public var backendProcessID: Int32 {
        get throws(PostgreSQLError) {
            try session.perform { handle throws(PostgreSQLError) in handle.backendProcessID }
        }
    }

    /// Runs one statement; outside a transaction it is one by itself, in one round trip.
    ///
    /// The statement is prepared on its first use and kept by its text, so that the text should
    /// be constant and what varies should be parameters.
    ///
    /// - Parameters:
    ///   - sql: One statement, with parameters `$1`, `$2` and so on.
    ///   - parameters: A value for each.
    ///   - timeout: How long to wait for the server, by default the configuration's.
    /// - Returns: What the statement selected or returned; no rows for others.
    /// - Throws: The server's refusal, or ``PostgreSQLError/Code/timedOut`` or
    ///   ``PostgreSQLError/Code/connectionLost``, after which the connection is closed.
    @discardableResult
    public func query(
        _ sql: String,
        _ parameters: [any PostgreSQLValue] = [],
        timeout: Duration? = nil
    ) throws(PostgreSQLError) -> Rows {
        let parameters = try Parameters(parameters)
        let deadline = deadline(timeout)
        do {
            return try run(sql, parameters, until: deadline)
        } catch {
            guard error.isStatementOutdated, try !isInTransaction else { throw error }
            statements[StatementKey(sql: sql, types: parameters.types)] = nil
            return try run(sql, parameters, until: deadline)
        }
    }

    /// Runs one statement as ``query(_:_:timeout:)`` does, and does not keep it: for a text that varies.
    @discardableResult
    public func queryOnce(
        _ sql: String,
        _ parameters: [any PostgreSQLValue] = [],
        timeout: Duration? = nil
    ) throws(PostgreSQLError) -> Rows {
        let parameters = try Parameters(parameters)
        let deadline = deadline(timeout)
        // The statement without a name is there until the next one (manual, 55.2.3).
        let result = try perform { handle throws(PostgreSQLError) in
            try handle.prepare("", sql, types: parameters.types, until: deadline)
            return try handle.execute("", parameters, until: deadline)
        }
        if max(parameters.size, result.size) > Self.largeBuffer { hasLargeBuffers = true }
        return Rows(result, columns: nil)
    }

    /// Runs a script of any number of statements, without parameters and results.
    ///
    /// Without `begin` and `commit` of its own it is one transaction.
    ///
    /// - Parameters:
    ///   - script: The statements, separated by semicolons.
    ///   - timeout: How long to wait for the server, by default the configuration's.
    /// - Throws: As ``query(_:_:timeout:)``.
    public func execute(script: String, timeout: Duration? = nil) throws(PostgreSQLError) {
        let deadline = deadline(timeout)
        try perform { handle throws(PostgreSQLError) in
            try handle.execute(script: script, until: deadline)
        }
    }

    /// Ends the session; calls that follow fail.
    public func close() {
        session.close()
    }
}

// MARK: - Statements

extension Connection {
    /// A statement that the server has prepared for this session.
    private struct Statement {
        let name: String
        /// Known after its first result.
        var columns: ColumnNames?
    }

    private struct StatementKey: Hashable {
        let sql: String
        let types: [UInt32]
    }

    private func run(
        _ sql: String,
        _ parameters: Parameters,
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) -> Rows {
        let key = StatementKey(sql: sql, types: parameters.types)
        let statement =
            if let known = statements[key] { known } else { try prepare(key, until: deadline) }
        if parameters.size > Self.largeBuffer { hasLargeBuffers = true }
        let result = try perform { handle throws(PostgreSQLError) in
            try handle.execute(statement.name, parameters, until: deadline)
        }
        if result.size > Self.largeBuffer { hasLargeBuffers = true }
        let rows = Rows(result, columns: statement.columns)
        statements[key]?.columns = rows.columns
        return rows
    }

    private func prepare(
        _ key: StatementKey,
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) -> Statement {
        statementCount += 1
        let statement = Statement(name: "s\(statementCount)")
        try perform { handle throws(PostgreSQLError) in
            try handle.prepare(statement.name, key.sql, types: key.types, until: deadline)
        }
        statements[key] = statement
        return statement
    }

    private func perform<Result: ~Copyable>(
        _ body: (borrowing ConnectionHandle) throws(PostgreSQLError) -> Result
    ) throws(PostgreSQLError) -> Result {
        do throws(PostgreSQLError) {
            return try session.perform(body)
        } catch {
            var error = error
            // Nothing of a transaction is committed before its commit.
            if isInScopedTransaction { error.isOutcomeUnknown = false }
            throw error
        }
    }

    private func deadline(_ timeout: Duration?) -> ContinuousClock.Instant {
        ContinuousClock.now + (timeout ?? statementTimeout)
    }
}

// MARK: - Transactions

extension Connection {
    /// Runs statements as one transaction: committed when `body` returns, rolled back when it throws.
    ///
    /// The body runs on the connection's thread and cannot suspend, so that no other use of the
    /// connection comes between its statements, and locks are held for no longer than those take.
    /// Transactions do not nest.
    ///
    /// - Throws: What `body` throws, or the failure of the commit: with
    ///   ``PostgreSQLError/isOutcomeUnknown`` where its reply was lost. A statement that failed
    ///   fails the transaction also where the body caught its error.
    @discardableResult
    public func withTransaction<Result: Sendable>(
        _ body: @Sendable (isolated Connection) throws -> Result
    ) throws -> Result {
        let result = try untilCommit {
            try execute(script: "begin isolation level read committed")
            let result = try body(self)
            if try isInFailedTransaction {
                throw PostgreSQLError(
                    .refused,
                    "a statement of the transaction failed",
                    sqlState: .inFailedTransaction
                )
            }
            return result
        }
        try execute(script: "commit")
        return result
    }

    private func untilCommit<Result>(_ body: () throws -> Result) throws -> Result {
        precondition(!isInScopedTransaction, "transactions do not nest")
        isInScopedTransaction = true
        defer { isInScopedTransaction = false }
        do {
            return try body()
        } catch {
            closeUnlessRolledBack()
            throw error
        }
    }

    /// Ends a transaction that is open, if need be by ending the session.
    func closeUnlessRolledBack() {
        do {
            if try isInTransaction { try execute(script: "rollback") }
        } catch {
            close()
        }
    }

    /// Ends the session if it holds much memory, which its successor does not.
    func closeIfLarge() {
        if hasLargeBuffers { close() }
    }

    /// What takes so many bytes to send takes longer than to open a session.
    private static let largeBuffer = 2 << 20

    private var isInTransaction: Bool {
        get throws(PostgreSQLError) {
            try session.perform { handle throws(PostgreSQLError) in handle.isInTransaction }
        }
    }

    private var isInFailedTransaction: Bool {
        get throws(PostgreSQLError) {
            try session.perform { handle throws(PostgreSQLError) in handle.isInFailedTransaction }
        }
    }
}
