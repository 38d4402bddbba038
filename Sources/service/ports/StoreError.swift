/// Why the record store could not do what it was asked.
public struct StoreError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// It cannot be reached, is overloaded, or gave up a transaction: try again.
        case unavailable
        /// It lets us in no more, or not do this: a password, a role, a permission, a database that
        /// allows no connections. Somebody changes that, and nothing that was to be stored is at fault.
        case accessRefused
        /// Somebody holds a row for longer than is waited; the other rows of the call could be written.
        case rowLocked
        /// It would have had to read more than a list is worth: ask for less.
        case tooMuchToRead
        /// A value cannot be stored: some row of the batch will never go in.
        case unstorable
        /// Another worker with the same id is alive.
        case workerIDTaken
        /// The schema is missing or of another version.
        case schemaMismatch
        /// Anything else: a mistake of ours, or of the server.
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

    /// Whether the same call may succeed later, without anybody mending something.
    public var isRetryable: Bool { code == .unavailable || code == .rowLocked }

    /// Whether it may be the fault of some of the rows alone, so that the others are to be tried
    /// without them.
    var mayBeOfSomeRows: Bool { [.rowLocked, .unstorable, .internal].contains(code) }
}
