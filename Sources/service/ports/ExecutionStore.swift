/// Keeps the records of executions.
///
/// Every time in it is Postgres time, in whole milliseconds.
public protocol ExecutionStore: ExecutionRecords, BatchRecords {
    /// Takes requests in, at most 256, in one transaction: each to be run at once, or to wait.
    ///
    /// A claim whose commit was answered by silence may be made again: the same ``Claim/token``
    /// gets the same attempt. The batch rows of members are created with their size. What a request
    /// supersedes is cancelled.
    ///
    /// - Returns: One outcome a claim, in the same order.
    func claim(_ claims: [Claim]) async throws(StoreError) -> [ClaimOutcome]

    /// Claims executions that wait in the store, in one transaction.
    ///
    /// One comes first of each level and tenant of which the worker has none. Then they come so that it
    /// holds as many of each tenant, and of the levels 12 to 4 to 1; of equals the oldest. A level's
    /// executions count as a minute younger than the next higher one's. Of more tenants than a take looks
    /// at, those come first whose turn was longest ago. Workers take one after the other. The same
    /// ``TakeRequest/token`` gets the same executions again if it is ``TakeRequest/isRepeated``.
    ///
    /// - Returns: At most ``TakeRequest/count``, or ``TakeRequest/newcomers`` if that is more; fewer when no
    ///   more wait, or when these are large.
    func take(_ takeRequest: TakeRequest) async throws(StoreError) -> [TakenExecution]

    /// Parks members of batches that limit how many run at once, where there is room and none that
    /// ended has made way for them.
    func admitHeldMembers() async throws(StoreError)

    /// Parks executions whose time has come, the earliest first.
    ///
    /// - Returns: How many.
    func parkDue(limit: Int) async throws(StoreError) -> Int

    /// Parks executions that have waited for their message for longer than `patience`, those that have
    /// waited longest first, unless many of the same level and tenant are parked already.
    ///
    /// - Returns: How many.
    func parkAwaited(longerThan patience: Duration) async throws(StoreError) -> Int

    /// What of each lane of a pool waits in the store: of all lanes together the oldest `limit`.
    func parked(pool: String, upTo limit: Int) async throws(StoreError) -> [Lane: LaneBacklog]

    /// Notes that attempts have a sandbox, so that a worker which is lost by now is charged to them.
    func markSandboxed(_ attempts: [RunningAttempt]) async throws(StoreError)

    /// Ends executions: record, attempt, files, batch counter and outbox in one transaction.
    ///
    /// Each is fenced by its attempt number, and by its worker or by its being queued, so whoever is
    /// stale changes nothing. The member that takes its batch's pending count to nought writes
    /// `batch.completed` too. Outbox rows are leased to the caller for 30 s.
    ///
    /// - Returns: The outbox rows that were written, `batch.completed` among them; nothing for a
    ///   stale execution.
    func finish(_ executions: [FinishedExecution]) async throws(StoreError) -> [OutboxMessage]

    /// Ends attempts that another one follows: back to `queued`, with the request's message in the
    /// outbox, due after the delay. Fenced as ``finish(_:)``.
    func retry(_ attempts: [FailedAttempt]) async throws(StoreError)

    /// Takes in a batch that came as one message, in one transaction: the batch, the members that
    /// wait in the store, the dead letters. If none waits it is completed.
    func admit(_ batch: BatchAdmission) async throws(StoreError) -> BatchOutcome
}
