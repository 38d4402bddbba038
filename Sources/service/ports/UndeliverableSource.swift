/// Where the messages come from that no queue wanted, or that the broker gave up.
public protocol UndeliverableSource: Sendable {
    /// Consumes them until the task is cancelled; reconnects by itself, for ever.
    ///
    /// `deliver` takes a message at once; a bounded number is unacknowledged.
    func run(deliver: @escaping @Sendable (UndeliverableMessage) -> Void) async
}
