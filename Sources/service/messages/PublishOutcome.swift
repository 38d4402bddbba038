/// What became of a published message.
public enum PublishOutcome: Equatable, Sendable {
    /// The broker has it.
    case confirmed
    /// Nobody knows: it must be sent again with the same id.
    case unconfirmed(String)
    /// The broker does not take it now, because a queue is full for example: it must be sent again
    /// with the same id, later.
    case rejected(String)
    /// The broker never takes it, whenever it is sent.
    case refused(String)
    /// No queue wanted it.
    case unroutable
}
