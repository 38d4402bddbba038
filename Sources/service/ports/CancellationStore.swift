public import FoundationEssentials
public import SandmillEntity

/// Keeps who is to end before its time: a row first, which counts with every worker down.
public protocol CancellationStore: Sendable {
    /// Asks for the ends of executions, in one transaction.
    ///
    /// - Parameters:
    ///   - ids: The executions.
    ///   - tenant: Whose they have to be; nil for anybody's.
    ///   - keepsUnknown: Whether one that is not known here is to end when it comes.
    /// - Returns: One outcome an id, in the same order.
    /// - Throws: ``StoreError``.
    func cancel(
        _ ids: [UUID],
        tenant: String?,
        keepsUnknown: Bool
    ) async throws(StoreError) -> [CancelOutcome]

    /// Asks for the end of every member of a batch that has not ended, and of those that come.
    ///
    /// - Returns: How many have not ended, with those that are still to come; nil when there is no such
    ///   batch.
    func cancel(batch: UUID, tenant: String?) async throws(StoreError) -> Int?

    /// What is queued and shall not start: it is cancelled, or its deadline has passed. What its request
    /// had run again does not expire.
    ///
    /// Each tenant has its share. They are the caller's for ten seconds, then others find them too;
    /// whoever ends them is fenced by ``ExecutionStore/finish(_:)``.
    ///
    /// - Returns: At most `limit` of both kinds; nothing when there are none.
    func overdue(limit: Int) async throws(StoreError) -> [UnstartedExecution]

    /// Notes cancellations of members of cancelled batches that were taken in at the same moment.
    func noteMissedMembers() async throws(StoreError)

    /// How some of the executions that a worker has claimed have to end: they are cancelled, or their deadline has
    /// passed, which counts only for those whose program has not started, nor was run before because
    /// the request asks for it.
    func decidedEnds(
        of ids: [UUID],
        runBy worker: String
    ) async throws(StoreError) -> [UUID: Outcome]

    /// Forgets cancellations a week after they were asked for, some at a time.
    func forgetOldCancellations() async throws(StoreError)
}
