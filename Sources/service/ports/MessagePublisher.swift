/// Where messages go.
public protocol MessagePublisher: Sendable {
    /// Publishes each message and returns what became of it, in the same order.
    ///
    /// It waits while the broker blocks publishing, and for a while when there is no connection.
    func publish(_ messages: [OutboundMessage]) async -> [PublishOutcome]
}
