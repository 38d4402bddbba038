/// Why a sandbox could not do what it was asked; always our fault, never the program's.
public struct SandboxError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// The engine cannot be reached or does not answer.
        case engineUnavailable
        /// The engine refuses: no such image, a bad setting. Trying again does not help.
        case engineRefused
        /// The sandbox died, hung or answered nonsense.
        case sandboxLost
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
