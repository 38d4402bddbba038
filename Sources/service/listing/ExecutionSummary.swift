public import FoundationEssentials
public import SandmillEntity

/// What a list tells of an execution.
public struct ExecutionSummary: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Whose it is.
    public var tenant: String
    /// Its pool.
    public var pool: String
    /// Its level.
    public var level: Level
    /// What runs it.
    public var runtime: String
    /// Where it is.
    public var state: ExecutionState
    /// Why.
    public var reason: String?
    /// Its batch.
    public var batchID: UUID?
    /// The execution that it repeats.
    public var rerunOf: UUID?
    /// The request's labels.
    public var labels: [String: String]
    /// How many attempts there were; 0 before the first.
    public var attempt: Int
    /// Who runs it, or ran it; of a queued one, who has claimed it.
    public var worker: String?
    /// When it was accepted.
    public var submittedAt: Date
    /// When its program started.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date?
    /// How long its program ran, in seconds.
    public var wallSeconds: Double?
    /// What its program exited with.
    public var exitCode: Int?

    /// Puts a summary together.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        level: Level,
        runtime: String,
        state: ExecutionState,
        reason: String?,
        batchID: UUID?,
        rerunOf: UUID?,
        labels: [String: String],
        attempt: Int,
        worker: String?,
        submittedAt: Date,
        startedAt: Date?,
        finishedAt: Date?,
        wallSeconds: Double?,
        exitCode: Int?
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.level = level
        self.runtime = runtime
        self.state = state
        self.reason = reason
        self.batchID = batchID
        self.rerunOf = rerunOf
        self.labels = labels
        self.attempt = attempt
        self.worker = worker
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.wallSeconds = wallSeconds
        self.exitCode = exitCode
    }

    /// The fields of ``json``, in the order in which a table has them.
    public static let fields = [
        "id", "tenant", "pool", "level", "runtime", "state", "reason", "batch_id", "rerun_of",
        "labels",
        "attempt", "worker", "submitted_at", "started_at", "finished_at", "wall_seconds",
        "exit_code",
    ]

    /// The summary as a document for programs.
    public var json: JSONValue {
        .object([
            "id": .string(id.text),
            "tenant": .string(tenant),
            "pool": .string(pool),
            "level": .string(level.rawValue),
            "runtime": .string(runtime),
            "state": .string(state.rawValue),
            "reason": .optional(reason),
            "batch_id": .optional(batchID?.text),
            "rerun_of": .optional(rerunOf?.text),
            "labels": .object(labels.mapValues { .string($0) }),
            "attempt": .integer(Int64(attempt)),
            "worker": .optional(worker),
            "submitted_at": .string(DocumentCoder.text(submittedAt)),
            "started_at": .optional(startedAt.map(DocumentCoder.text)),
            "finished_at": .optional(finishedAt.map(DocumentCoder.text)),
            "wall_seconds": wallSeconds.map { .number($0) } ?? .null,
            "exit_code": exitCode.map { .integer(Int64($0)) } ?? .null,
        ])
    }
}

extension JSONValue {
    /// The string, or null.
    public static func optional(_ text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }
}
