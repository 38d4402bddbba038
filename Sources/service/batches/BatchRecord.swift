public import FoundationEssentials
public import SandmillEntity

/// A batch as its record tells it.
public struct BatchRecord: Equatable, Sendable {
    /// The batch.
    public var id: UUID
    /// Whose it is.
    public var tenant: String
    /// The pool that runs it.
    public var pool: String
    /// How many members it has in all.
    public var size: Int
    /// How many have not ended.
    public var pending: Int
    /// How many ended in each state.
    public var counts: [ExecutionState: Int]
    /// How many are dead letters.
    public var refused: Int
    /// When its first member was accepted.
    public var submittedAt: Date
    /// When its last member ended.
    public var finishedAt: Date?

    /// Puts a record together.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        size: Int,
        pending: Int,
        counts: [ExecutionState: Int],
        refused: Int = 0,
        submittedAt: Date,
        finishedAt: Date? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.size = size
        self.pending = pending
        self.counts = counts
        self.refused = refused
        self.submittedAt = submittedAt
        self.finishedAt = finishedAt
    }
}
