public import SandmillService

/// The use cases and ports of the HTTP gateway, which AMQP uses as well.
public struct GatewayServices: Sendable {
    /// Takes requests in.
    public var admissions: Admissions
    /// Ends executions and batches.
    public var cancellations: Cancellations
    /// Runs executions again.
    public var reruns: Reruns
    /// Takes orders to do something to many.
    public var bulkActions: BulkActions
    /// Keeps what people did.
    public var audit: any AuditLog
    /// Reads executions and batches.
    public var records: any GatewayRecords
    /// Lists executions and batches.
    public var lists: any ExecutionLists & BatchLists
    /// Keeps dead letters.
    public var letters: any DeadLetterStore
    /// Reads what programs left.
    public var files: any ResultFiles
    /// Follows what programs write.
    public var follower: OutputFollower
    /// Waits for the ends of executions.
    public var completions: Completions
    /// Knows the callers.
    public var directory: TokenDirectory
    /// Knows the workers.
    public var workers: any WorkerDirectory
    /// Tells whose executions wait.
    public var lanes: any WaitingLaneSource
    /// What publishes hints to workers; nil for none.
    public var relay: Relay?
    /// What it tells of itself; somebody else runs it.
    public var monitoring: Monitoring

    /// Puts services together.
    public init(
        admissions: Admissions,
        cancellations: Cancellations,
        reruns: Reruns,
        bulkActions: BulkActions,
        audit: any AuditLog,
        records: any GatewayRecords,
        lists: any ExecutionLists & BatchLists,
        letters: any DeadLetterStore,
        files: any ResultFiles,
        follower: OutputFollower,
        completions: Completions,
        directory: TokenDirectory,
        workers: any WorkerDirectory,
        lanes: any WaitingLaneSource,
        relay: Relay?,
        monitoring: Monitoring
    ) {
        self.admissions = admissions
        self.cancellations = cancellations
        self.reruns = reruns
        self.bulkActions = bulkActions
        self.audit = audit
        self.records = records
        self.lists = lists
        self.letters = letters
        self.files = files
        self.follower = follower
        self.completions = completions
        self.directory = directory
        self.workers = workers
        self.lanes = lanes
        self.relay = relay
        self.monitoring = monitoring
    }
}

/// What the HTTP gateway reads from the record store.
public typealias GatewayRecords = BatchRecords & BatchResults & DeletionStore & ExecutionRecords
