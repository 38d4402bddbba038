public import FoundationEssentials
public import SandmillEntity

/// An attempt that ended.
public struct AttemptRecord: Equatable, Sendable {
    /// Which one, from 1.
    public var number: Int
    /// Who made it.
    public var worker: String
    /// The sandbox that ran it.
    public var sandbox: String?
    /// How it ended; `errored` for a fault of ours.
    public var state: ExecutionState
    /// Why.
    public var reason: String?
    /// When it was claimed.
    public var startedAt: Date?
    /// When it got its sandbox; nil where that is not known, or it got none.
    public var sandboxedAt: Date?
    /// When its program ended, or it was given up.
    public var finishedAt: Date
    /// When its output was durable; nil as ``sandboxedAt``.
    public var collectedAt: Date?
    /// When its end was written to the record store; nil as ``sandboxedAt``.
    public var committedAt: Date?
    /// Whether the broker has all that announces its end; nil where that is not known, or it is not that of the
    /// execution.
    public var isAnnounced: Bool?
    /// The directory with its output, below the results root.
    public var resultsPath: String?

    /// Puts a record together.
    public init(
        number: Int,
        worker: String,
        sandbox: String?,
        state: ExecutionState,
        reason: String?,
        startedAt: Date?,
        sandboxedAt: Date? = nil,
        finishedAt: Date,
        collectedAt: Date? = nil,
        committedAt: Date? = nil,
        isAnnounced: Bool? = nil,
        resultsPath: String?
    ) {
        self.number = number
        self.worker = worker
        self.sandbox = sandbox
        self.state = state
        self.reason = reason
        self.startedAt = startedAt
        self.sandboxedAt = sandboxedAt
        self.finishedAt = finishedAt
        self.collectedAt = collectedAt
        self.committedAt = committedAt
        self.isAnnounced = isAnnounced
        self.resultsPath = resultsPath
    }
}
