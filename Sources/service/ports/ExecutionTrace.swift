public import FoundationEssentials
public import SandmillEntity

/// Tells where executions are and how they came there.
public protocol ExecutionTraces: Sendable {
    /// Reads what is known of an execution beside its record; nil when there is none.
    func trace(_ id: UUID) async throws(StoreError) -> ExecutionTrace?
}

/// Where an execution is and how it came there.
public struct ExecutionTrace: Equatable, Sendable {
    /// Where it waits; nil unless it is queued.
    public var wait: QueueWait?
    /// The sandbox that runs it, as its worker said within the last second.
    public var sandbox: String?
    /// When somebody asked for its end.
    public var cancelledAt: Date?
    /// The attempts that ended, from the first.
    public var attempts: [AttemptRecord]

    /// Puts a trace together.
    public init(
        wait: QueueWait?,
        sandbox: String?,
        cancelledAt: Date?,
        attempts: [AttemptRecord]
    ) {
        self.wait = wait
        self.sandbox = sandbox
        self.cancelledAt = cancelledAt
        self.attempts = attempts
    }
}

/// Where a queued execution waits.
public struct QueueWait: Equatable, Sendable {
    /// What it waits for.
    public enum Place: String, Sendable {
        /// Its message is on its way through the broker.
        case broker
        /// A worker with room.
        case store
        /// The time before which it may not start.
        case time
        /// The end of another member of its batch.
        case batch
    }

    /// What it waits for.
    public var place: Place
    /// It is not started before.
    public var availableAt: Date
    /// How many of its level in its pool are due and came before it, counted up to 100,000.
    public var ahead: Int
    /// How long it would take to run those, if its level goes on as in the last minute; nil when
    /// nothing of it has ended in that.
    public var estimate: Duration?

    /// Puts a place together.
    public init(place: Place, availableAt: Date, ahead: Int, estimate: Duration?) {
        self.place = place
        self.availableAt = availableAt
        self.ahead = ahead
        self.estimate = estimate
    }
}

/// An attempt that ended.
public struct AttemptRecord: Equatable, Sendable {
    /// Which one, from 1.
    public var number: Int
    /// Who made it.
    public var worker: String
    /// The sandbox that ran it.
    public var sandbox: String?
    /// How it ended; `errored` for a fault of ours.
    public var state: ExecutionState
    /// Why.
    public var reason: String?
    /// When it was claimed.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date
    /// The directory with its output, below the results root.
    public var resultsPath: String?

    /// Puts a record together.
    public init(
        number: Int,
        worker: String,
        sandbox: String?,
        state: ExecutionState,
        reason: String?,
        startedAt: Date?,
        finishedAt: Date,
        resultsPath: String?
    ) {
        self.number = number
        self.worker = worker
        self.sandbox = sandbox
        self.state = state
        self.reason = reason
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.resultsPath = resultsPath
    }
}
