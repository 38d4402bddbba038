public import SandmillEntity

/// How much of a lane waits in the store.
public struct LaneBacklog: Equatable, Sendable {
    /// How many executions.
    public var count = 0
    /// What their requests take.
    public var size = ByteCount.zero

    /// Describes a backlog.
    public init(count: Int = 0, size: ByteCount = .zero) {
        self.count = count
        self.size = size
    }

    static func + (left: Self, right: Self) -> Self {
        Self(count: left.count + right.count, size: left.size + right.size)
    }
}
