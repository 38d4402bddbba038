/// Where completion events can be followed.
public protocol EventSource: Sendable {
    /// Subscribes with a queue of its own, calls `body`, and removes the queue.
    ///
    /// When `body` is called the queue is bound already, so nothing published from then on is
    /// missed. A lost connection ends the events with an error: what was published meanwhile is
    /// found in the record store.
    ///
    /// - Parameters:
    ///   - patterns: The topics to bind to, such as `execution.failed.#`; none to receive only
    ///     what names the queue in `reply_to`.
    ///   - body: Uses the subscription.
    /// - Returns: What `body` returned.
    /// - Throws: ``BrokerError``, or what `body` threw.
    func withSubscription<Result: Sendable>(
        to patterns: [String],
        _ body: @Sendable (EventSubscription) async throws -> Result
    ) async throws -> Result
}

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

/// An event as the broker delivered it.
public struct EventMessage: Equatable, Sendable {
    /// Its topic.
    public let routingKey: String
    /// Its body: a CloudEvents 1.0 JSON document.
    public let body: [UInt8]

    /// Describes an event.
    public init(routingKey: String, body: [UInt8]) {
        self.routingKey = routingKey
        self.body = body
    }
}
