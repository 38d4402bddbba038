/// A queue's consumer on one channel.
public struct Consumer: Sendable {
    /// What the broker calls it; never used twice.
    public let tag: String
    /// What it receives.
    public let deliveries: Deliveries

    private let channel: Channel

    init(tag: String, deliveries: Deliveries, channel: Channel) {
        self.tag = tag
        self.deliveries = deliveries
        self.channel = channel
    }

    /// Ends the deliveries.
    ///
    /// What was delivered and not acknowledged stays so until it is acknowledged or its channel
    /// ends.
    public func cancel() async throws(AMQPError) {
        try await channel.connection.call(.cancelConsumer(tag: tag), on: channel.token)
    }
}
