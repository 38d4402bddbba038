/// What became of a dead letter that was to be requeued.
public enum RequeueOutcome: String, Equatable, Sendable {
    /// Its message is in the outbox.
    case requeued
    /// Only the beginning of its body is kept, and no other was given.
    case incomplete
    /// Its routing key is not known, and no other was given.
    case unaddressed
    /// There is no such dead letter.
    case unknown
}
