/// A subscription to completion events.
public struct EventSubscription: Sendable {
    /// The queue's name, for a request's `reply_to`.
    public let replyTo: String
    /// The events, in the order in which they came; ends with a ``BrokerError``.
    public let events: AsyncThrowingStream<EventMessage, any Error>

    /// Describes a subscription.
    public init(replyTo: String, events: AsyncThrowingStream<EventMessage, any Error>) {
        self.replyTo = replyTo
        self.events = events
    }
}
