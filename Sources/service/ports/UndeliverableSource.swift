/// Where the messages come from that no queue wanted, or that the broker gave up.
public protocol UndeliverableSource: Sendable {
    /// Consumes them until the task is cancelled; reconnects by itself, for ever.
    ///
    /// `deliver` takes a message at once; a bounded number is unacknowledged.
    func run(deliver: @escaping @Sendable (UndeliverableMessage) -> Void) async
}

/// A message that found no taker.
public struct UndeliverableMessage: Sendable {
    /// The message, with why it is here.
    public var letter: DeadLetter
    /// Settles it with the broker.
    public var settlement: Settlement

    /// Puts a message together.
    public init(letter: DeadLetter, settlement: Settlement) {
        self.letter = letter
        self.settlement = settlement
    }
}
