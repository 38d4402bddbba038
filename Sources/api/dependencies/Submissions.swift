public import FoundationEssentials
public import SandmillEntity
public import SandmillService

/// Takes requests in; they are durable once it returns, whether or not the broker is there.
public protocol Submissions: Sendable {
    /// Takes a request in; the same one again changes nothing.
    ///
    /// - Throws: ``RequestRefusal``, or ``StoreError``.
    func submit(
        _ request: RequestMessage,
        pool: String,
        level: Level
    ) async throws -> SubmittedExecution

    /// Takes a batch in; the same one again changes nothing.
    ///
    /// - Throws: ``RequestRefusal``, or ``StoreError``.
    func submit(batch: RequestMessage) async throws -> SubmittedBatch
}

/// An execution that was taken in.
public struct SubmittedExecution: Equatable, Sendable {
    /// Whether this request did it, and not the same one before.
    public var isNew: Bool
    /// Where the execution is.
    public var state: ExecutionState

    /// Describes one.
    public init(isNew: Bool, state: ExecutionState) {
        self.isNew = isNew
        self.state = state
    }
}

/// A batch that was taken in.
public struct SubmittedBatch: Equatable, Sendable {
    /// Whether this request did it, and not the same one before.
    public var isNew: Bool
    /// How many members it has.
    public var size: Int
    /// How many of them cannot be understood, and are dead letters.
    public var refused: Int

    /// Describes one.
    public init(isNew: Bool, size: Int, refused: Int) {
        self.isNew = isNew
        self.size = size
        self.refused = refused
    }
}

/// Ends executions before their time.
public protocol Cancelling: Sendable {
    /// Ends an execution.
    ///
    /// - Parameters:
    ///   - execution: The execution.
    ///   - tenant: Whose it has to be; nil for anybody's.
    func cancel(execution: UUID, tenant: String?) async throws(StoreError) -> Cancellation

    /// Ends all members of a batch that have not ended; returns how many those are, or nil when
    /// there is no such batch.
    func cancel(batch: UUID, tenant: String?) async throws(StoreError) -> Int?
}

/// What became of the wish to end an execution.
public enum Cancellation: Equatable, Sendable {
    /// There is no such execution.
    case unknown
    /// It had ended before.
    case ended(ExecutionState)
    /// It will end, and is still in this state.
    case requested(ExecutionState)
}
