public import FoundationEssentials
internal import SandmillEntity

/// Ends executions before their time: a row first, then a hint to the workers.
///
/// The row counts with every worker and the broker down. Workers look at the rows once a second;
/// the hint only makes them look at once.
public struct Cancellations: Sendable {
    private let store: any CancellationStore
    private let relay: Relay?

    /// Describes it.
    ///
    /// - Parameters:
    ///   - store: Where the rows are.
    ///   - relay: What publishes hints; nil for none.
    public init(store: any CancellationStore, relay: Relay?) {
        self.store = store
        self.relay = relay
    }

    /// Asks for the end of an execution.
    ///
    /// - Parameters:
    ///   - execution: The execution.
    ///   - tenant: Whose it has to be; nil for anybody's.
    ///   - keepsUnknown: Whether one that is not known is to end when it comes, within a week.
    /// - Returns: What was found.
    /// - Throws: ``StoreError``.
    public func cancel(
        execution: UUID,
        tenant: String?,
        keepsUnknown: Bool = false
    ) async throws(StoreError) -> CancelOutcome {
        let outcomes = try await store.cancel(
            [execution],
            tenant: tenant,
            keepsUnknown: keepsUnknown
        )
        let outcome = outcomes.first ?? .unknown
        if outcome == .queued || outcome == .running {
            await relay?.hint(ControlMessage(cancel: [execution]))
        }
        return outcome
    }

    /// Asks for the ends of all members of a batch, also of those that are still to come.
    ///
    /// - Returns: How many have not ended, with those that are still to come; nil when there is no such
    ///   batch.
    public func cancel(batch: UUID, tenant: String?) async throws(StoreError) -> Int? {
        let count = try await store.cancel(batch: batch, tenant: tenant)
        if count ?? 0 > 0 { await relay?.hint(ControlMessage(cancelBatch: batch)) }
        return count
    }
}
