public import FoundationEssentials

/// A dead letter in the store.
public struct StoredDeadLetter: Equatable, Sendable {
    /// Its number; later ones have higher ones.
    public var id: Int64
    /// When it was kept.
    public var keptAt: Date
    /// The dead letter.
    public var letter: DeadLetter

    /// Puts a dead letter together.
    public init(id: Int64, keptAt: Date, letter: DeadLetter) {
        self.id = id
        self.keptAt = keptAt
        self.letter = letter
    }
}
