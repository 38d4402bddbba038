public import FoundationEssentials

/// Tells which workers there are, and asks them to drain.
public protocol WorkerDirectory: Sendable {
    /// Reads all workers, by name.
    func workers() async throws(StoreError) -> [WorkerRecord]

    /// Asks a worker to take nothing more, or to take again.
    ///
    /// It counts while the worker is on the list: until it stops in good order, whatever happens before.
    ///
    /// - Returns: The worker as it is then; nil where there is none with this name.
    func drain(worker: String, isWanted: Bool) async throws(StoreError) -> WorkerRecord?
}

/// A worker as operators see it.
public struct WorkerRecord: Equatable, Sendable {
    /// What it is doing.
    public enum State: String, Sendable {
        /// It takes and runs executions.
        case active
        /// It takes nothing more, and finishes what it has.
        case draining
        /// It takes nothing, and has nothing.
        case drained
        /// Its lease has ended; another takes over what it ran.
        case lost
    }

    /// Its name.
    public var id: String
    /// The version of its program.
    public var version: String
    /// What it is doing.
    public var state: State
    /// When it was started.
    public var registeredAt: Date
    /// When its lease ends unless it is renewed.
    public var expiresAt: Date
    /// Since when it is to take nothing more; nil while it may.
    public var drainingSince: Date?
    /// Since when it holds nothing; nil while it holds something, or may take.
    public var drainedAt: Date?
    /// How many programs it runs.
    public var running: Int
    /// How many executions it has claimed whose programs have not begun.
    public var claimed: Int
    /// How many programs it runs at once, by pool.
    public var slots: [String: Int]
    /// What it runs, by pool, the default first; empty of a version that does not say so.
    public var runtimes: [String: [String]]
    /// Its sandboxes, by what they are doing.
    public var sandboxes: [String: Int]
    /// How many deliveries it has not acknowledged, by queue, as of some seconds ago.
    public var unacknowledged: [String: Int]

    /// Puts a record together.
    public init(
        id: String,
        version: String,
        state: State,
        registeredAt: Date,
        expiresAt: Date,
        drainingSince: Date?,
        drainedAt: Date?,
        running: Int,
        claimed: Int = 0,
        slots: [String: Int],
        runtimes: [String: [String]] = [:],
        sandboxes: [String: Int],
        unacknowledged: [String: Int]
    ) {
        self.id = id
        self.version = version
        self.state = state
        self.registeredAt = registeredAt
        self.expiresAt = expiresAt
        self.drainingSince = drainingSince
        self.drainedAt = drainedAt
        self.running = running
        self.claimed = claimed
        self.slots = slots
        self.runtimes = runtimes
        self.sandboxes = sandboxes
        self.unacknowledged = unacknowledged
    }
}

/// What a worker says of itself.
public struct WorkerReport: Equatable, Sendable {
    /// How many programs it runs at once, by pool.
    public var slots: [String: Int]
    /// What it runs, by pool, the default first.
    public var runtimes: [String: [String]]
    /// How many deliveries it has not acknowledged, by queue.
    public var unacknowledged: [String: Int]
    /// Whether it takes nothing, and has nothing to finish.
    public var isDrained: Bool

    /// Puts a report together.
    public init(
        slots: [String: Int],
        runtimes: [String: [String]] = [:],
        unacknowledged: [String: Int],
        isDrained: Bool
    ) {
        self.slots = slots
        self.runtimes = runtimes
        self.unacknowledged = unacknowledged
        self.isDrained = isDrained
    }
}
