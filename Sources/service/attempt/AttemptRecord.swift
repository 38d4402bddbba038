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
    /// When it ended.
    public var finishedAt: Date
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
        finishedAt: Date,
        resultsPath: String?
    ) {
        self.number = number
        self.worker = worker
        self.sandbox = sandbox
        self.state = state
        self.reason = reason
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.resultsPath = resultsPath
    }
}
