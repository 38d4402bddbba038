public import FoundationEssentials
public import SandmillEntity

/// An execution as its record tells it.
public struct ExecutionRecord: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Whose it is.
    public var tenant: String
    /// Its pool.
    public var pool: String
    /// Its level.
    public var level: Level
    /// Where it is.
    public var state: ExecutionState
    /// Why.
    public var reason: String?
    /// How many attempts there were, with one that is claimed; 0 before the first.
    public var attempt: Int
    /// Whether a worker has claimed it and its program has not started, as far as the store knows: that it has
    /// a worker tells within a second or two.
    public var isHeld: Bool
    /// Its batch.
    public var batchID: UUID?
    /// The execution that it repeats.
    public var rerunOf: UUID?
    /// Who runs it, or ran it.
    public var worker: String?
    /// When it was accepted.
    public var submittedAt: Date
    /// When its program started; while it is held, when it was claimed.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date?
    /// The result document, JSON; nil until it ended.
    public var result: String?

    /// Puts a record together.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        level: Level,
        state: ExecutionState,
        reason: String?,
        attempt: Int,
        isHeld: Bool = false,
        batchID: UUID?,
        rerunOf: UUID? = nil,
        worker: String?,
        submittedAt: Date,
        startedAt: Date?,
        finishedAt: Date?,
        result: String?
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.level = level
        self.state = state
        self.reason = reason
        self.attempt = attempt
        self.isHeld = isHeld
        self.batchID = batchID
        self.rerunOf = rerunOf
        self.worker = worker
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.result = result
    }

    /// The record as people are told: what is held is queued still, and has begun no attempt.
    public var told: ExecutionRecord {
        guard isHeld else { return self }
        var told = self
        told.state = .queued
        told.attempt -= 1
        told.startedAt = nil
        return told
    }
}
