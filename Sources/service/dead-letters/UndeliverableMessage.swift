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
