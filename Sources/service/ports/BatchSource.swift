/// Where batches come from that are one message each.
public protocol BatchSource: Sendable {
    /// Consumes them until the task is cancelled; reconnects by itself, for ever.
    ///
    /// `deliver` takes a batch at once; a bounded number is unacknowledged.
    func run(deliver: @escaping @Sendable (BatchDelivery) -> Void) async
}
