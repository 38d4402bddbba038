internal import CPostgreSQL
internal import Glibc

/// The owner of one `PGconn`, in non-blocking mode, with waits that end at a deadline.
///
/// After an error with ``PostgreSQLError/isConnectionLost`` it is of no more use.
@safe
struct ConnectionHandle: ~Copyable {
    private let connection: OpaquePointer

    /// Connects, and blocks for as long as the options allow.
    init(_ options: ConnectionOptions) throws(PostgreSQLError) {
        guard let connection = unsafe PQconnectStart(options.connectionString) else {
            preconditionFailure("out of memory")
        }
        unsafe self.connection = unsafe connection
        // libpq prints notices to standard error unless told otherwise.
        _ = unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        // Only a verbose message has the SQLSTATE of a refused connection.
        _ = unsafe PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        try connect(timeout: options.connectTimeout)
        _ = unsafe PQsetnonblocking(connection, 1)
    }

    deinit {
        unsafe PQfinish(connection)
    }

    var descriptor: CInt { unsafe PQsocket(connection) }

    var backendProcessID: Int32 { unsafe PQbackendPID(connection) }

    var isInTransaction: Bool { unsafe PQtransactionStatus(connection) != PQTRANS_IDLE }

    var isInFailedTransaction: Bool { unsafe PQtransactionStatus(connection) == PQTRANS_INERROR }

    /// Prepares a statement under a name of the caller's choice.
    func prepare(
        _ name: String,
        _ sql: String,
        types: [UInt32],
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) {
        let sent = unsafe PQsendPrepare(connection, name, sql, CInt(types.count), types)
        try check(sent: sent)
        _ = try lastResult(until: deadline)
    }

    /// Runs a prepared statement and returns its result, in binary.
    func execute(
        _ name: String,
        _ parameters: Parameters,
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) -> ResultHandle {
        let formats = [CInt](repeating: 1, count: Int(parameters.count))
        let sent = unsafe parameters.withPointers { values, lengths in
            unsafe PQsendQueryPrepared(
                connection,
                name,
                parameters.count,
                values,
                lengths,
                formats,
                1
            )
        }
        try check(sent: sent)
        return try committingResult(until: deadline)
    }

    /// Runs any number of statements, without parameters and results.
    func execute(script: String, until deadline: ContinuousClock.Instant) throws(PostgreSQLError) {
        try check(sent: unsafe PQsendQuery(connection, script))
        _ = try committingResult(until: deadline)
    }

    /// Takes what the server has sent unasked.
    ///
    /// - Returns: Whether the connection still stands.
    func consumeInput() -> Bool {
        unsafe PQconsumeInput(connection) == 1
    }
}

// MARK: - Waiting

extension ConnectionHandle {
    /// As ``lastResult(until:)``, for what may have been committed when the reply is lost.
    private func committingResult(
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) -> ResultHandle {
        do {
            return try lastResult(until: deadline)
        } catch {
            var error = error
            error.isOutcomeUnknown = error.isConnectionLost
            throw error
        }
    }

    /// Sends what is buffered and reads until the server is ready for the next command.
    ///
    /// The commit of an implicit transaction comes after the result of its statement, so that
    /// only the end of the replies says whether the statement succeeded.
    private func lastResult(
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) -> ResultHandle {
        try flush(until: deadline)
        var last: ResultHandle?
        var failure: PostgreSQLError?
        while let result = try nextResult(until: deadline) {
            if failure == nil { failure = result.error }
            last = consume result
            if failure?.isConnectionLost == true { break }
        }
        if var failure {
            if unsafe PQstatus(connection) == CONNECTION_BAD { failure.isConnectionLost = true }
            throw failure
        }
        guard let last else { throw PostgreSQLError(.connectionLost, message) }
        return last
    }

    /// The next result of the command; nil after the last.
    private func nextResult(
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) -> ResultHandle? {
        while unsafe PQisBusy(connection) == 1 {
            try wait(for: POLLIN, until: deadline)
            // A lost connection is the next result, with what the server said before it closed.
            if !consumeInput() { break }
        }
        return unsafe PQgetResult(connection).map { unsafe ResultHandle(takingOwnershipOf: $0) }
    }

    private func flush(until deadline: ContinuousClock.Instant) throws(PostgreSQLError) {
        while true {
            switch unsafe PQflush(connection) {
            case 0: return
            case 1:
                // The server may not read on until its own output is read.
                try wait(for: POLLIN | POLLOUT, until: deadline)
                guard consumeInput() else { return }
            default: throw PostgreSQLError(.connectionLost, message)
            }
        }
    }

    private func wait(
        for events: CInt,
        until deadline: ContinuousClock.Instant
    ) throws(PostgreSQLError) {
        guard isReady(for: events, by: deadline) else { throw PostgreSQLError(.timedOut, "") }
    }

    /// Sleeps until the socket is ready, or has failed; false at the deadline.
    private func isReady(for events: CInt, by deadline: ContinuousClock.Instant?) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let count = unsafe poll(&watched, 1, deadline.map(Self.milliseconds(until:)) ?? -1)
            if count > 0 { return true }
            if count == 0 { return false }
            precondition(errno == EINTR, "poll failed: \(errno)")
        }
    }

    /// Rounded up, so that the deadline has passed when the time is over.
    private static func milliseconds(until deadline: ContinuousClock.Instant) -> CInt {
        let rest = (deadline - ContinuousClock.now) / Duration.milliseconds(1)
        return CInt(min(max(rest.rounded(.up), 0), Double(CInt.max)))
    }
}

// MARK: - Errors

extension ConnectionHandle {
    /// Whether libpq took a command.
    private func check(sent: CInt) throws(PostgreSQLError) {
        guard sent == 1 else { throw PostgreSQLError(.connectionLost, message) }
    }

    /// Why no connection was made, of the last host that was tried.
    ///
    /// libpq gives the SQLSTATE in a verbose message only: `FATAL:  53300: sorry, …`.
    private var connectionFailure: PostgreSQLError {
        let code = #/:  ([0-9A-Z]{5}): /#
        return PostgreSQLError(
            .connectionFailed,
            message.replacing(code, with: ": "),
            sqlState: message.matches(of: code).last.map { SQLState(rawValue: String($0.1)) }
        )
    }

    private var message: String {
        unsafe String(cString: PQerrorMessage(connection)).oneLine
    }
}

// MARK: - Opening

extension ConnectionHandle {
    private func connect(timeout: Duration?) throws(PostgreSQLError) {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let hasFailed = unsafe PQstatus(connection) == CONNECTION_BAD
        var status = hasFailed ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK, status != PGRES_POLLING_FAILED {
            guard isReady(for: status == PGRES_POLLING_READING ? POLLIN : POLLOUT, by: deadline)
            else {
                // PQconnectPoll stays with an address that is silent; PQreset starts again, gives
                // each address its time, and goes on to the next of that host, or of the next host.
                unsafe PQreset(connection)
                break
            }
            status = unsafe PQconnectPoll(connection)
        }
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            throw connectionFailure
        }
    }
}
