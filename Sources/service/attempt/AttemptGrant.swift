public import FoundationEssentials
public import SandmillEntity

/// An attempt that is somebody's to make.
public struct AttemptGrant: Equatable, Sendable {
    /// The attempt, from 1.
    public var attempt: Int
    /// How many of those before were made again because the request asks for it.
    public var retries: Int
    /// How many of those before are not counted: a fault of ours that would have met any other, or one that was lost before its program could start.
    public var uncountedAttempts: Int
    /// How many workers it has lost that it may have killed.
    public var lostWorkers: Int
    /// When the execution was accepted.
    public var submittedAt: Date
    /// When the attempt was claimed.
    public var startedAt: Date
    /// How it has to end, if that was decided before it began.
    public var decidedEnd: Outcome?

    /// Describes an attempt.
    public init(
        attempt: Int,
        retries: Int = 0,
        uncountedAttempts: Int = 0,
        lostWorkers: Int = 0,
        submittedAt: Date,
        startedAt: Date,
        decidedEnd: Outcome? = nil
    ) {
        self.attempt = attempt
        self.retries = retries
        self.uncountedAttempts = uncountedAttempts
        self.lostWorkers = lostWorkers
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.decidedEnd = decidedEnd
    }
}
