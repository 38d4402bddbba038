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
    /// When it was claimed; nil where that is not known, or there was no output to collect.
    public var claimedAt: Date?
    /// When its program started; nil where it did not.
    public var startedAt: Date?
    /// When its program ended, or it was given up.
    public var finishedAt: Date
    /// When its output was durable; nil as ``claimedAt``.
    public var collectedAt: Date?
    /// When its end was written to the record store; nil as ``claimedAt``.
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
        claimedAt: Date? = nil,
        startedAt: Date?,
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
        self.claimedAt = claimedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.collectedAt = collectedAt
        self.committedAt = committedAt
        self.isAnnounced = isAnnounced
        self.resultsPath = resultsPath
    }
}
