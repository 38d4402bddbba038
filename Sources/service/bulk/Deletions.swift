public import FoundationEssentials
internal import Metrics
public import SandmillEntity

/// Removes executions that have ended, for whatever cause: first their records, in whose place one transaction puts
/// what is left to be done, then their files, then what says that these are left.
///
/// So nobody is shown half of one, and whoever dies in between leaves nothing that is not found: the next one goes
/// on with ``removeLeftFiles()``.
public struct Deletions: Sendable {
    private static let group = 100

    private let store: any DeletionStore
    private let results: any ResultRemoval
    /// Which executions nothing removes but a person who deletes them.
    let holds: [LabelHold]

    /// Removes from `store` and `results`.
    public init(
        store: any DeletionStore,
        results: any ResultRemoval,
        holds: [LabelHold] = []
    ) {
        self.store = store
        self.results = results
        self.holds = holds
    }

    /// Removes executions.
    ///
    /// What dies between the records and the files is gone on with by ``removeLeftFiles()``.
    ///
    /// - Parameters:
    ///   - ids: The executions; those that have not ended stay, and those that somebody has locked.
    ///   - cause: Why; it is said to those who ask for one afterwards.
    /// - Returns: Those that were removed.
    /// - Throws: ``StoreError``, ``ResultsError``.
    @discardableResult
    public func delete(_ ids: [UUID], because cause: DeletionCause) async throws -> Set<UUID> {
        let deleted = try await store.delete(ids, because: cause.text)
        cause.count(deleted)
        try await removeFiles(of: deleted)
        return Set(deleted.map(\.id))
    }

    /// Removes files whose records are gone.
    public func removeLeftFiles() async throws {
        try await removeFiles(of: try await store.leftFiles(limit: Self.group))
    }

    private func removeFiles(of executions: [DeletedExecution]) async throws {
        guard !executions.isEmpty else { return }
        var removed: [UUID] = []
        var failure: ResultsError?
        for execution in executions {
            do throws(ResultsError) {
                for path in execution.paths { try await results.remove(path) }
                removed.append(execution.id)
            } catch {
                failure = error
            }
        }
        try await store.forgetFiles(of: removed)
        if let failure { throw failure }
    }

    /// Whether nothing removes an execution with these labels but a person who deletes it.
    func holds(_ labels: [String: String]) -> Bool {
        holds.contains { $0.holds(labels) }
    }
}

/// Why an execution is removed.
public enum DeletionCause: Equatable, Sendable {
    /// Somebody wanted it.
    case person(String)
    /// Somebody wanted what is old removed.
    case prune(String)
    /// It was kept for as long as the configuration says.
    case retention(Retention)
    /// It was kept for as long as its request asked for.
    case requested
    /// Its tenant has more results than it may.
    case tenantQuota
    /// All tenants together have more results than they may.
    case totalQuota

    /// What is said of it, behind "it was".
    var text: String {
        switch self {
        case .person(let name): "deleted by \(name)"
        case .prune(let name): "pruned by \(name)"
        case .retention(let time): "removed: such executions are kept for \(time.text)"
        case .requested: "removed after the time for which its request asked to keep it"
        case .tenantQuota: "removed: its tenant has newer results up to its quota"
        case .totalQuota: "removed: there are newer results up to the quota of all tenants"
        }
    }

    /// The value of the label of metrics.
    private var label: String {
        switch self {
        case .person, .prune: "person"
        case .retention: "retention"
        case .requested: "request"
        case .tenantQuota: "tenant_quota"
        case .totalQuota: "total_quota"
        }
    }

    /// Begins to count, so that nought is told of what has not happened.
    static func prepare() {
        let all: [DeletionCause] = [
            .person(""), .retention(.forever), .requested, .tenantQuota, .totalQuota,
        ]
        for cause in all { cause.count([]) }
    }

    /// Counts executions that were removed, and what their files took.
    func count(_ deleted: [DeletedExecution]) {
        let dimensions = [("cause", label)]
        Counter(label: "sandmill_executions_removed", dimensions: dimensions)
            .increment(by: deleted.count)
        Counter(label: "sandmill_results_removed_bytes", dimensions: dimensions)
            .increment(by: deleted.reduce(Int64(0)) { $0 + $1.size.bytes })
    }
}

/// Removes what is kept of executions.
public protocol DeletionStore: Sendable {
    /// Removes the records of executions that have ended, and keeps that they were there.
    ///
    /// One that somebody has locked is left out, and nobody is waited for.
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
    /// What is in them, as far as that was known.
    public var size: ByteCount

    /// Names one.
    public init(id: UUID, paths: [String], size: ByteCount = .zero) {
        self.id = id
        self.paths = paths
        self.size = size
    }
}

/// Removes results.
public protocol ResultRemoval: Sendable {
    /// Removes the directory of an attempt (``ResultDraft/path``), and that of its execution if it was the
    /// last; does nothing when it is not there.
    func remove(_ path: String) async throws(ResultsError)
}
