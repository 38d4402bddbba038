/// Messages that were decided in a transaction and are still to be published.
public protocol Outbox: Sendable {
    /// Takes messages that are due and not leased, oldest first, for 30 s, never waiting for a
    /// row that another worker is taking (`for update skip locked`); fewer when they are large.
    func lease(by worker: String, limit: Int) async throws(StoreError) -> [OutboxMessage]

    /// Gives messages back that could not be published; they are due again in a second.
    func release(_ ids: [Int64], by worker: String) async throws(StoreError)

    /// Removes messages that the broker has confirmed.
    func remove(_ ids: [Int64]) async throws(StoreError)
}

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
