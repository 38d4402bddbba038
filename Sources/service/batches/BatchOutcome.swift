public import FoundationEssentials

/// What became of a batch.
public enum BatchOutcome: Equatable, Sendable {
    /// Its members wait; these are dead letters instead, or were taken in before outside of it. When all
    /// are, the events say that it is completed; their rows are due.
    case admitted(refused: [DeadLetter])
    /// It is known already, with the same message: nothing to do.
    case duplicate
    /// The id is another tenant's, of which nobody may know: it is to be admitted under this one.
    case taken(UUID)
    /// The id is known with another content: a dead letter.
    case conflict(String)
}
