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
