public import FoundationEssentials
public import SandmillEntity

/// An attempt that another one follows.
public struct FailedAttempt: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// The attempt.
    public var attempt: Int
    /// Who made it.
    public var worker: String
    /// When its program started; nil where it did not.
    public var startedAt: Date?
    /// How it ended: by our fault, or as the program did.
    public var outcome: Outcome
    /// Whether it counts among those after which a fault of ours ends an execution: one of which it is
    /// known that it lasts, whatever is run, does not.
    public var isCounted: Bool
    /// How long from now the next attempt waits.
    public var delay: Duration
    /// The sandbox that ran it.
    public var sandbox: String?
    /// The directory with its output, below the results root.
    public var resultsPath: String?
    /// How many bytes it has.
    public var resultsSize: ByteCount

    /// Describes a failure.
    public init(
        id: UUID,
        attempt: Int,
        worker: String,
        startedAt: Date? = nil,
        outcome: Outcome,
        isCounted: Bool = true,
        delay: Duration,
        sandbox: String? = nil,
        resultsPath: String? = nil,
        resultsSize: ByteCount = .zero
    ) {
        self.id = id
        self.attempt = attempt
        self.worker = worker
        self.startedAt = startedAt
        self.outcome = outcome
        self.isCounted = isCounted
        self.delay = delay
        self.sandbox = sandbox
        self.resultsPath = resultsPath
        self.resultsSize = resultsSize
    }

    /// Whether it was the program that failed, and is tried again because its request asks for it.
    public var isProgramFailure: Bool { outcome.state != .errored }
}
