/// Queues of the broker that are consumed together.
public protocol MessageSource: Sendable {
    /// Consumes them until the task is cancelled, then cancels the consumers and returns.
    ///
    /// It reconnects by itself, for ever; a queue that cannot be consumed does not stop the others.
    /// `deliver` takes a delivery at once; it is never called with more deliveries than the
    /// prefetch allows to be unacknowledged per queue.
    func run(deliver: @escaping @Sendable (Delivery) -> Void) async
}
