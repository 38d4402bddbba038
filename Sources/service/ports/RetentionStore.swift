public import FoundationEssentials
public import SandmillEntity

/// Finds what has been kept for long enough; every call is one short transaction.
public protocol RetentionStore: Sendable {
    /// Takes a sweep for 30 s, if its time has come and nobody has it.
    func begin(_ sweep: Sweep, by holder: String) async throws(StoreError) -> Bool

    /// Takes a sweep for 30 s more; false when somebody else has it.
    func extend(_ sweep: Sweep, by holder: String) async throws(StoreError) -> Bool

    /// Ends a sweep; the next is due in `interval`.
    func end(
        _ sweep: Sweep,
        by holder: String,
        next interval: Duration
    ) async throws(StoreError)

    /// The pools of the executions that are kept.
    func pools() async throws(StoreError) -> [String]

    /// Reads a page of executions that have been kept long enough, the oldest first.
    ///
    /// - Parameters:
    ///   - rule: By which.
    ///   - cursor: What the page comes after.
    ///   - limit: How many are looked at; fewer say that there are no more.
    /// - Returns: The page.
    /// - Throws: ``StoreError``.
    func kept(
        by rule: RetentionRule,
        after cursor: ListCursor?,
        limit: Int
    ) async throws(StoreError) -> [KeptExecution]

    /// Reads a page of executions that have ended, of a tenant or of all, the oldest first.
    func oldest(
        of tenant: String?,
        after cursor: ListCursor?,
        limit: Int
    ) async throws(StoreError) -> [KeptExecution]

    /// Adds up what the results of each tenant take.
    func resultsSizes() async throws(StoreError) -> [String: ByteCount]

    /// Adds up the files of executions that a version before has ended, which has not said what they take.
    ///
    /// - Returns: How many it has done.
    func measure(limit: Int) async throws(StoreError) -> Int

    /// Removes dead letters of tenants that have more bytes of them, each one's oldest.
    ///
    /// - Returns: How many, at most `limit`.
    func removeDeadLetters(
        above quota: ByteCount,
        limit: Int
    ) async throws(StoreError) -> Int

    /// Removes records of a kind that are older.
    ///
    /// - Returns: How many.
    func remove(
        _ kind: RetainedKind,
        olderThan age: Duration,
        limit: Int
    ) async throws(StoreError) -> Int
}

/// What is done now and then, by one process for all.
public enum Sweep: String, Sendable {
    /// What has been kept long enough is removed.
    case retention
    /// What is above quotas is removed.
    case quotas
}

/// Which executions have been kept long enough.
public enum RetentionRule: Equatable, Sendable {
    /// Those of a pool that ended in a state so long ago.
    case ended(pool: String, state: ExecutionState, ago: Duration)
    /// Those that asked for a time, which is over.
    case requested
}

/// What is kept beside executions.
public enum RetainedKind: String, CaseIterable, Sendable {
    /// Dead letters.
    case deadLetters = "dead_letters"
    /// Batches that have ended and none of whose members is there.
    case batches
    /// That executions were there.
    case removed
    /// Bulk actions that are done.
    case bulkActions = "bulk_actions"
    /// What people did.
    case audit
}

/// An execution that may be removed.
public struct KeptExecution: Sendable {
    /// The execution.
    public var id: UUID
    /// Its labels.
    public var labels: [String: String]
    /// What its results take, as far as that is known.
    public var size: ByteCount
    /// What the next page comes after, if this is the last.
    public var cursor: ListCursor

    /// Describes one.
    public init(id: UUID, labels: [String: String], size: ByteCount, cursor: ListCursor) {
        self.id = id
        self.labels = labels
        self.size = size
        self.cursor = cursor
    }
}
