public import FoundationEssentials

/// Removes executions that have ended: first their records, so that nobody is shown half of one, then their
/// files.
public struct Deletions: Sendable {
    private static let group = 100

    private let store: any DeletionStore
    private let results: any ResultRemoval

    /// Removes from `store` and `results`.
    public init(store: any DeletionStore, results: any ResultRemoval) {
        self.store = store
        self.results = results
    }

    /// Removes executions.
    ///
    /// What dies between the records and the files is gone on with by ``removeLeftFiles()``.
    ///
    /// - Parameters:
    ///   - ids: The executions; those that have not ended stay.
    ///   - reason: What is said to those who ask for one afterwards.
    /// - Returns: Those that were removed.
    /// - Throws: ``StoreError``, ``ResultsError``.
    public func delete(_ ids: [UUID], because reason: String) async throws -> Set<UUID> {
        let deleted = try await store.delete(ids, because: reason)
        try await removeFiles(of: deleted)
        return Set(deleted.map(\.id))
    }

    /// Removes files whose records are gone.
    public func removeLeftFiles() async throws {
        try await removeFiles(of: try await store.leftFiles(limit: Self.group))
    }

    private func removeFiles(of executions: [DeletedExecution]) async throws {
        guard !executions.isEmpty else { return }
        for execution in executions {
            for path in execution.paths { try await results.remove(path) }
        }
        try await store.forgetFiles(of: executions.map(\.id))
    }
}

/// Removes what is kept of executions.
public protocol DeletionStore: Sendable {
    /// Removes the records of executions that have ended, and keeps that they were there.
    ///
    /// - Returns: Those that were removed now.
    func delete(
        _ ids: [UUID],
        because reason: String
    ) async throws(StoreError) -> [DeletedExecution]

    /// Reads executions that were removed a minute ago or longer and whose files may still be there.
    func leftFiles(limit: Int) async throws(StoreError) -> [DeletedExecution]

    /// Notes that the files of executions are gone.
    func forgetFiles(of ids: [UUID]) async throws(StoreError)

    /// Why an execution of a tenant, or of anybody, is no longer there; nil when it never was.
    func deletionReason(_ id: UUID, tenant: String?) async throws(StoreError) -> String?
}

/// An execution whose record is gone.
public struct DeletedExecution: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// The directories of its attempts, relative to the results root.
    public var paths: [String]

    /// Names one.
    public init(id: UUID, paths: [String]) {
        self.id = id
        self.paths = paths
    }
}

/// Removes results.
public protocol ResultRemoval: Sendable {
    /// Removes the directory of an attempt (``ResultDraft/path``), and that of its execution if it was the
    /// last; does nothing when it is not there.
    func remove(_ path: String) async throws(ResultsError)
}
