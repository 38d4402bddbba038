/// Messages that were decided in a transaction and are still to be published.
public protocol Outbox: Sendable {
    /// Takes messages that are due and not leased, oldest first, for 30 s, never waiting for a
    /// row that another worker is taking (`for update skip locked`); fewer when they are large.
    ///
    /// It takes those too that have been leased to the worker itself for some seconds and are not
    /// among `held`: what was leased to it by a commit whose answer was lost, by a process before it,
    /// or when it had no room.
    func lease(
        by worker: String,
        holding held: Set<Int64>,
        limit: Int
    ) async throws(StoreError) -> [OutboxMessage]

    /// Gives messages back that could not be published; they are due again in a second.
    func release(_ ids: [Int64], by worker: String) async throws(StoreError)

    /// Gives messages back that the broker rejected; they are due again after a time that doubles
    /// with each rejection, up to five minutes.
    ///
    /// - Returns: How often each has been rejected by now, of those that are the worker's.
    func postpone(_ ids: [Int64], by worker: String) async throws(StoreError) -> [Int64: Int]

    /// Removes messages that the broker has confirmed.
    func remove(_ ids: [Int64]) async throws(StoreError)

    /// Takes messages out that can never be published, each with the reason, in one transaction.
    ///
    /// An execution that waits for such a message waits in the store from now on, where a worker
    /// finds it; any other message becomes a dead letter.
    func setAside(_ messages: [(row: OutboxMessage, reason: String)]) async throws(StoreError)
}
