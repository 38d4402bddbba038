/// A message in the outbox.
public struct OutboxMessage: Equatable, Sendable {
    /// Its row.
    public var id: Int64
    /// What is to be published.
    public var message: OutboundMessage

    /// Puts a row together.
    public init(id: Int64, message: OutboundMessage) {
        self.id = id
        self.message = message
    }
}
