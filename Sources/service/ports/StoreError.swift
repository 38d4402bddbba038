/// Why the record store could not do what it was asked.
public struct StoreError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// It cannot be reached, is overloaded, or gave up a transaction: try again.
        case unavailable
        /// A value cannot be stored: some row of the batch will never go in.
        case unstorable
        /// Another worker with the same id is alive.
        case workerIDTaken
        /// The schema is missing or of another version.
        case schemaMismatch
        /// Anything else: a mistake of ours.
        case `internal`
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

    /// Whether the same call may succeed later.
    public var isRetryable: Bool { code == .unavailable }
}
