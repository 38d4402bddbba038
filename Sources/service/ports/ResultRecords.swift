public import FoundationEssentials
public import SandmillEntity

/// Which results there should be.
public protocol ResultRecords: Sendable {
    /// Of directories of attempts, those that no record names: that of their execution, which has ended or was
    /// never there, or of one of its attempts, or of one that is being removed.
    func unknown(_ results: [RecordedPath]) async throws(StoreError) -> Set<RecordedPath>

    /// Of directories of attempts, those that nobody needs: what is unknown, and what is being removed.
    func needless(_ results: [RecordedPath]) async throws(StoreError) -> Set<RecordedPath>

    /// Of drafts of a worker, `<execution id>-<attempt>`, those that no live worker of that name runs.
    func abandoned(_ drafts: [StagedDraft]) async throws(StoreError) -> Set<StagedDraft>

    /// Reads a page of the results that executions have, by their ids.
    func results(after id: UUID?, limit: Int) async throws(StoreError) -> [RecordedPath]

    /// The files that results of executions should have, by their paths in the directory of the attempt, with their
    /// sizes; nil for a size that no record has.
    ///
    /// What has been removed since is left out.
    func files(
        of results: [RecordedPath]
    ) async throws(StoreError) -> [RecordedPath: [String: ByteCount?]]

    /// Notes that executions have no files any more; those whose results are others by now are left as they are.
    ///
    /// - Returns: How many were noted.
    func forget(_ results: [RecordedPath]) async throws(StoreError) -> Int
}

/// The directory of an attempt, as a record or the file system has it.
public struct RecordedPath: Hashable, Sendable {
    /// The execution.
    public var execution: UUID
    /// Where, relative to the root.
    public var path: String

    /// Names one.
    public init(execution: UUID, path: String) {
        self.execution = execution
        self.path = path
    }
}

/// What a worker gathers of an attempt.
public struct StagedDraft: Hashable, Sendable {
    /// The worker.
    public var worker: String
    /// The execution.
    public var execution: UUID
    /// The attempt.
    public var attempt: Int

    /// Names one.
    public init(worker: String, execution: UUID, attempt: Int) {
        self.worker = worker
        self.execution = execution
        self.attempt = attempt
    }
}

/// What executions that have ended take.
public struct ResultsSize: Equatable, Sendable {
    /// How many they are, without those that a label holds.
    public var executions: Int
    /// What their files take, as far as that is known.
    public var size: ByteCount
    /// How many more a label holds.
    public var held: Int

    /// Puts it together.
    public init(executions: Int, size: ByteCount, held: Int) {
        self.executions = executions
        self.size = size
        self.held = held
    }
}
