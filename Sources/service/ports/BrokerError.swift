/// Why the broker cannot be used.
public struct BrokerError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// It cannot be reached.
        case unavailable
        /// User, password or virtual host are refused.
        case refused
        /// An exchange or a queue is there with other arguments.
        case topologyDiffers
    }

    /// The kind.
    public let code: Code
    /// What happened, safe to show.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
