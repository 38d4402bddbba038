/// Why a call on a broker failed.
///
/// Its description is safe to show: it never holds a password.
public struct AMQPError: Error, Hashable, Sendable {
    /// The kinds of failure that a caller may want to tell apart.
    public enum Code: Sendable {
        /// An address that cannot be understood.
        case invalidURL
        /// No TCP connection: the name is unknown, or nothing accepts connections there.
        case unreachable
        /// No TLS: a certificate or key that cannot be read or is not trusted.
        case tlsFailed
        /// The broker refused (403): wrong user or password, or a permission is missing.
        case accessRefused
        /// The virtual host does not exist, or this user may not enter it.
        case virtualHostRefused
        /// An exchange, a queue or a binding does not exist (404).
        case notFound
        /// A queue belongs to another connection exclusively (405).
        case resourceLocked
        /// A declaration contradicts what exists, or a delivery tag is unknown (406).
        case preconditionFailed
        /// A message or name that AMQP cannot carry; nothing of it was sent.
        case invalidArgument
        /// The broker did not answer in time; whether it acted is unknown.
        case timedOut
        /// The broker did not answer because it has blocked this connection; see ``ConnectionEvent``.
        case blocked
        /// The broker cancelled the consumer: its queue was deleted, or lost its leader.
        case consumerCancelled
        /// The connection ended; what it had not confirmed has an unknown fate.
        case connectionLost
        /// This side has closed the channel or the connection.
        case closed
        /// Any other refusal by the broker; see ``AMQPError/replyCode``.
        case refused
    }

    /// What kind of failure this is.
    public let code: Code

    /// One sentence that says what is wrong.
    public let message: String

    /// The broker's own number for it (AMQP 0-9-1, 1.2), if the broker has spoken.
    public let replyCode: UInt16?

    init(_ code: Code, _ message: String, replyCode: UInt16? = nil) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
    }

    /// The error for a `connection.close` that the broker sent.
    init(connectionClosedWith replyCode: UInt16, text: String) {
        self.init(
            .connectionLost,
            "the broker closed the connection: \(text)",
            replyCode: replyCode
        )
    }

    /// The error for a `channel.close` that the broker sent.
    init(channelClosedWith replyCode: UInt16, text: String) {
        let code: Code =
            switch replyCode {
            case 403: .accessRefused
            case 404: .notFound
            case 405: .resourceLocked
            case 406: .preconditionFailed
            default: .refused
            }
        self.init(code, "the broker refused: \(text)", replyCode: replyCode)
    }

    /// Whether the same call may succeed later although nobody mends anything by hand.
    public var isRetryable: Bool {
        switch code {
        case .unreachable, .resourceLocked, .timedOut, .blocked, .consumerCancelled,
            .connectionLost, .refused:
            true
        case .invalidURL, .tlsFailed, .accessRefused, .virtualHostRefused, .notFound,
            .preconditionFailed, .invalidArgument, .closed:
            false
        }
    }
}

extension AMQPError: CustomStringConvertible {
    /// ``message``.
    public var description: String { message }
}
