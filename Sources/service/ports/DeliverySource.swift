/// Where the requests of one pool come from.
public protocol DeliverySource: Sendable {
    /// Consumes every level of the pool until the task is cancelled, then cancels the consumers
    /// and returns.
    ///
    /// It reconnects by itself, for ever; a level that cannot be consumed does not stop the others.
    /// `deliver` takes a delivery at once; it is never called with more deliveries than the
    /// prefetch allows to be unacknowledged per queue.
    func run(deliver: @escaping @Sendable (Delivery) -> Void) async
}
