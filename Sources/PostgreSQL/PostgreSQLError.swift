/// Why a statement, a connection or a pool failed.
///
/// ``description`` is safe to show: it holds neither statements nor values nor credentials.
/// ``debugDescription`` has all that the server said.
public struct PostgreSQLError: Error, Hashable, Sendable {
    /// Where it went wrong.
    public enum Code: Hashable, Sendable {
        /// The connection string could not be understood.
        case invalidConnectionString
        /// No connection could be made.
        case connectionFailed
        /// The connection ended while it was in use, or had ended before.
        case connectionLost
        /// The server did not answer in time. The connection is closed.
        case timedOut
        /// The server refused the statement, or would refuse this value; see ``sqlState``.
        case refused
        /// The result does not have the column, or not of that type.
        case unexpectedResult
        /// No connection of the pool came free in time.
        case poolTimedOut
        /// The pool was closed.
        case poolClosed
        /// The task was cancelled while it waited for the pool.
        case cancelled
    }

    /// Where it went wrong.
    public let code: Code
    /// What the server said went wrong; nil where no server spoke.
    public var sqlState: SQLState?
    /// One sentence of the server or of libpq, which may quote values.
    public var message: String
    /// More, of the server; often the offending values.
    public var detail: String?
    /// The constraint that was violated.
    public var constraint: String?
    /// Whether the connection is gone with it.
    public internal(set) var isConnectionLost: Bool
    /// Whether the statement may have been committed: it was sent and its reply was lost.
    ///
    /// False means that nothing of it was committed.
    public internal(set) var isOutcomeUnknown = false

    init(_ code: Code, _ message: String, sqlState: SQLState? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        isConnectionLost = [.connectionFailed, .connectionLost, .timedOut].contains(code)
    }

    /// Whether the same call may succeed later, unchanged.
    public var isRetryable: Bool {
        switch code {
        case .connectionLost, .timedOut, .poolTimedOut: true
        case .connectionFailed: sqlState?.isRetryable ?? true
        case .refused: sqlState?.isRetryable ?? isConnectionLost
        case .invalidConnectionString, .unexpectedResult, .poolClosed, .cancelled: false
        }
    }

    /// Whether the values are at fault: the same statement with other rows may succeed.
    public var isDataError: Bool {
        sqlState?.isDataError ?? false
    }

    /// Whether the server lets us in no more, or not do this: no value is at fault.
    ///
    /// A server that answers an attempt to connect and whose answer is not that it has no room or is
    /// starting refuses us, such as a database that allows no connections (55000).
    public var isAccessRefusal: Bool {
        guard let sqlState else { return false }
        return sqlState.isAccessRefusal || code == .connectionFailed && !sqlState.isRetryable
    }
}

extension PostgreSQLError: CustomStringConvertible, CustomDebugStringConvertible {
    /// One line, safe to show: neither statements nor values nor credentials.
    public var description: String {
        var text =
            switch code {
            case .invalidConnectionString: "the connection string is not valid"
            case .connectionFailed: "cannot connect to PostgreSQL"
            case .connectionLost: "the connection to PostgreSQL was lost"
            case .timedOut: "PostgreSQL did not answer in time"
            case .refused: "PostgreSQL refused the statement"
            case .unexpectedResult: "PostgreSQL returned an unexpected result"
            case .poolTimedOut: "no connection to PostgreSQL came free in time"
            case .poolClosed: "the connections to PostgreSQL are closed"
            case .cancelled: "cancelled while waiting for a connection to PostgreSQL"
            }
        if let sqlState { text += " (\(sqlState.rawValue))" }
        if let constraint { text += ", constraint \(constraint)" }
        if !message.isEmpty, code != .invalidConnectionString, sqlState?.quotesStatement != true {
            text += ": \(message)"
        }
        return text
    }

    /// All that is known; may quote the statement and its values.
    public var debugDescription: String {
        var text = description
        if !text.hasSuffix(message) { text += ": \(message)" }
        if let detail { text += "; \(detail)" }
        if isOutcomeUnknown { text += "; the outcome is unknown" }
        return text
    }
}

extension PostgreSQLError {
    /// Whether the prepared statement is at fault: preparing it anew may help.
    var isStatementOutdated: Bool {
        sqlState == .featureNotSupported || sqlState == .invalidStatementName
    }
}

extension String {
    /// The lines of a message of libpq as one, without the one that names the server's source.
    var oneLine: String {
        split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("LOCATION:") }
            .map { $0.trimmingPrefix(while: \.isWhitespace) }
            .joined(separator: " ")
    }
}
