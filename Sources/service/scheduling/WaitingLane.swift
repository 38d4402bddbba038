public import SandmillEntity

/// The executions of one tenant and level in a pool that wait in the store.
public struct WaitingLane: Equatable, Sendable {
    /// Their pool.
    public var pool: String
    /// Their level.
    public var level: Level
    /// Their tenant.
    public var tenant: String
    /// How many.
    public var count: Int
    /// How long the oldest has waited.
    public var oldest: Duration

    /// Puts a figure together.
    public init(pool: String, level: Level, tenant: String, count: Int, oldest: Duration) {
        self.pool = pool
        self.level = level
        self.tenant = tenant
        self.count = count
        self.oldest = oldest
    }
}
