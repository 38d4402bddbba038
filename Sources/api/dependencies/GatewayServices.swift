public import SandmillService

/// The use cases and ports of the HTTP gateway, which AMQP uses as well.
public struct GatewayServices: Sendable {
    /// Takes requests in.
    public var admissions: Admissions
    /// Ends executions and batches.
    public var cancellations: Cancellations
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
    /// What it tells of itself; somebody else runs it.
    public var monitoring: Monitoring

    /// Puts services together.
    public init(
        admissions: Admissions,
        cancellations: Cancellations,
        records: any GatewayRecords,
        lists: any ExecutionLists & BatchLists,
        letters: any DeadLetterStore,
        files: any ResultFiles,
        follower: OutputFollower,
        completions: Completions,
        directory: TokenDirectory,
        monitoring: Monitoring
    ) {
        self.admissions = admissions
        self.cancellations = cancellations
        self.records = records
        self.lists = lists
        self.letters = letters
        self.files = files
        self.follower = follower
        self.completions = completions
        self.directory = directory
        self.monitoring = monitoring
    }
}

/// What the HTTP gateway reads from the record store.
public typealias GatewayRecords = BatchRecords & BatchResults & ExecutionRecords
