/// Messages that the broker rejects, for a queue that wants them is full.
public struct RejectedMessages: Equatable, Sendable {
    /// Where they are published.
    public var exchange: OutboundMessage.Exchange
    /// Their routing key; without an exchange, the queue.
    public var routingKey: String
    /// How many there are.
    public var count: Int
    /// How often one of them has been rejected, at most.
    public var rejections: Int

    /// Describes them.
    public init(
        exchange: OutboundMessage.Exchange,
        routingKey: String,
        count: Int,
        rejections: Int
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.count = count
        self.rejections = rejections
    }
}
