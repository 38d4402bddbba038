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
    /// How many attempts there were; 0 before the first.
    public var attempt: Int
    /// Its batch.
    public var batchID: UUID?
    /// Who runs it, or ran it.
    public var worker: String?
    /// When it was accepted.
    public var submittedAt: Date
    /// When it was claimed last.
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
        batchID: UUID?,
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
        self.batchID = batchID
        self.worker = worker
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.result = result
    }
}
