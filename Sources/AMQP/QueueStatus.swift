/// What the broker says about a queue.
public struct QueueStatus: Hashable, Sendable {
    /// Its name, also when the broker chose it.
    public let name: String
    /// Messages that are ready for delivery.
    public let messageCount: UInt32
    /// Consumers that are active.
    public let consumerCount: UInt32
}
