public import SandmillEntity

/// A queue of the broker.
public struct BrokerQueue: Equatable, Sendable {
    /// What it is called there.
    public var name: String
    /// Whose requests it has; nil for one that belongs to no pool.
    public var pool: String?
    /// Their level; nil for one that belongs to no pool.
    public var level: Level?
    /// Whether it has batches.
    public var hasBatches: Bool
    /// How many messages are ready to be delivered.
    public var ready: Int
    /// How many consumers it has.
    public var consumers: Int

    /// Describes a queue.
    public init(
        name: String,
        pool: String? = nil,
        level: Level? = nil,
        hasBatches: Bool = false,
        ready: Int,
        consumers: Int
    ) {
        self.name = name
        self.pool = pool
        self.level = level
        self.hasBatches = hasBatches
        self.ready = ready
        self.consumers = consumers
    }
}
