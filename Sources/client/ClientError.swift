internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// Why a client could not do what it was asked.
public struct ClientError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// What was asked for means nothing.
        case wrongUsage
        /// What was given, or named, is wrong or not there.
        case wrongInput
        /// A file cannot be written.
        case cannotCreate
        /// The installation is not configured for it.
        case wrongConfiguration
        /// A server cannot be reached.
        case unavailable
        /// It may succeed later.
        case tryAgain
    }

    /// The kind.
    public let code: Code
    /// What to say to a person.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What was submitted is a dead letter, as its event says.
    init(refused what: String, _ refusal: RefusedEvent) {
        self.init(
            .wrongInput,
            "\(what) was refused: \(refusal.reason.printable); see sandmill dead show \(refusal.number)"
        )
    }

    /// What was submitted is a dead letter.
    init(refused what: String, _ letter: DeadLetterSummary) {
        self.init(
            .wrongInput,
            "\(what) was refused: \(letter.reason.printable); see sandmill dead show \(letter.id)"
        )
    }
}
