public import FoundationEssentials
public import SandmillEntity

/// Reads the records of executions.
public protocol ExecutionRecords: Sendable {
    /// Reads one execution; nil when there is none.
    func execution(_ id: UUID) async throws(StoreError) -> ExecutionRecord?
}

/// Keeps the records of executions.
///
/// Every time in it is Postgres time, in whole milliseconds.
public protocol ExecutionStore: ExecutionRecords {
    /// Claims executions for a worker: at most 256, in one transaction.
    ///
    /// A claim whose commit was answered by silence may be made again: the same ``Claim/token``
    /// gets the same attempt. The batch rows of members are created with their size.
    ///
    /// - Returns: One outcome a claim, in the same order.
    func claim(_ claims: [Claim]) async throws(StoreError) -> [ClaimOutcome]

    /// Ends executions: record, attempt, files, batch counter and outbox in one transaction.
    ///
    /// Each is fenced by its attempt number and worker, so a stale worker changes nothing. The
    /// member that takes its batch's pending count to nought writes `batch.completed` too.
    /// Outbox rows are leased to the caller for 30 s.
    ///
    /// - Returns: The outbox rows that were written, `batch.completed` among them; nothing for a
    ///   stale execution.
    func finish(_ executions: [FinishedExecution]) async throws(StoreError) -> [OutboxMessage]

    /// Ends attempts that failed through a fault of ours: back to `queued`, with the request's
    /// message in the outbox, due after the delay. Fenced as ``finish(_:)``.
    func retry(_ attempts: [FailedAttempt]) async throws(StoreError)

    /// Reads the executions of a batch, and the batch; nil when there is none.
    func batch(_ id: UUID) async throws(StoreError) -> BatchRecord?
}

/// What a worker knows of a request when it claims it.
public struct Claim: Equatable, Sendable {
    /// Names this claim, so that it can be repeated.
    public var token: UUID
    /// Who claims.
    public var worker: String
    /// What was asked for.
    public var submission: Submission
    /// The request's message, kept so that it can be published again.
    public var request: RequestMessage

    /// Describes a claim.
    public init(token: UUID, worker: String, submission: Submission, request: RequestMessage) {
        self.token = token
        self.worker = worker
        self.submission = submission
        self.request = request
    }
}

/// The message of a request, as it came.
public struct RequestMessage: Equatable, Sendable {
    /// Its properties.
    public var properties: MessageProperties
    /// Its body.
    public var body: [UInt8]

    /// Puts a message together.
    public init(properties: MessageProperties, body: [UInt8]) {
        self.properties = properties
        self.body = body
    }
}

/// What became of a claim.
public enum ClaimOutcome: Equatable, Sendable {
    /// It is the caller's, as this attempt (from 1); accepted and claimed at these times.
    case claimed(attempt: Int, submittedAt: Date, startedAt: Date)
    /// It is known already, with the same request: nothing to do.
    case duplicate
    /// Its `not_before` lies ahead: kept as `queued`, with its message in the outbox, due then.
    case deferred
    /// The id, or the size of its batch, is known with another content: a dead letter.
    case conflict(String)
}

/// An execution that ended.
public struct FinishedExecution: Equatable, Sendable {
    /// Who ran it.
    public var worker: String
    /// What is told of it.
    public var document: ResultDocument
    /// The document as it stands in `result.json`, UTF-8.
    public var encodedDocument: [UInt8]
    /// The sandbox that ran it.
    public var sandbox: String?
    /// The events that announce it.
    public var events: [OutboundMessage]

    /// Describes an end.
    public init(
        worker: String,
        document: ResultDocument,
        encodedDocument: [UInt8],
        sandbox: String?,
        events: [OutboundMessage]
    ) {
        self.worker = worker
        self.document = document
        self.encodedDocument = encodedDocument
        self.sandbox = sandbox
        self.events = events
    }
}

/// An attempt that failed through a fault of ours.
public struct FailedAttempt: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// The attempt.
    public var attempt: Int
    /// Who made it.
    public var worker: String
    /// What went wrong.
    public var reason: Outcome.Reason
    /// How long from now the next attempt waits.
    public var delay: Duration

    /// Describes a failure.
    public init(
        id: UUID,
        attempt: Int,
        worker: String,
        reason: Outcome.Reason,
        delay: Duration
    ) {
        self.id = id
        self.attempt = attempt
        self.worker = worker
        self.reason = reason
        self.delay = delay
    }
}

/// An execution as its record tells it.
public struct ExecutionRecord: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Whose it is.
    public var tenant: String
    /// Its pool.
    public var pool: String
    /// Its level.
    public var level: Level
    /// Where it is.
    public var state: ExecutionState
    /// Why.
    public var reason: String?
    /// How many attempts there were; 0 before the first.
    public var attempt: Int
    /// Its batch.
    public var batchID: UUID?
    /// Who runs it, or ran it.
    public var worker: String?
    /// When it was accepted.
    public var submittedAt: Date
    /// When it was claimed last.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date?
    /// The result document, JSON; nil until it ended.
    public var result: String?

    /// Puts a record together.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        level: Level,
        state: ExecutionState,
        reason: String?,
        attempt: Int,
        batchID: UUID?,
        worker: String?,
        submittedAt: Date,
        startedAt: Date?,
        finishedAt: Date?,
        result: String?
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.level = level
        self.state = state
        self.reason = reason
        self.attempt = attempt
        self.batchID = batchID
        self.worker = worker
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.result = result
    }
}

/// A batch as its record tells it.
public struct BatchRecord: Equatable, Sendable {
    /// The batch.
    public var id: UUID
    /// How many members it has in all.
    public var size: Int
    /// How many have not ended.
    public var pending: Int
    /// How many ended in each state.
    public var counts: [ExecutionState: Int]

    /// Puts a record together.
    public init(id: UUID, size: Int, pending: Int, counts: [ExecutionState: Int]) {
        self.id = id
        self.size = size
        self.pending = pending
        self.counts = counts
    }
}
