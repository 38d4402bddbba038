/// What became of a claim.
public enum ClaimOutcome: Equatable, Sendable {
    /// It is the caller's to run.
    case claimed(AttemptGrant)
    /// It is known already, with the same request: nothing to do.
    case duplicate
    /// It may not start yet: it waits in the store for its time.
    case deferred
    /// It waits in the store.
    case parked
    /// It is `queued`, with its message in the outbox, leased to the caller for 30 s.
    case queued(OutboxMessage)
    /// The id is another tenant's, of which nobody may know: this is to be claimed instead.
    case taken(Claim)
    /// The id, or the size of its batch, is known with another content: a dead letter.
    case conflict(String)
}
