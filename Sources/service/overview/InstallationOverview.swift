public import FoundationEssentials
public import SandmillEntity

/// What waits and runs in an installation now, and how executions ended lately.
public struct InstallationOverview: Equatable, Sendable {
    /// A level of a pool.
    public struct Lane: Equatable, Sendable {
        /// Its pool.
        public var pool: String
        /// Its level.
        public var level: Level
        /// How many executions are queued.
        public var waiting: Int
        /// How many are running.
        public var running: Int
        /// When the oldest that may start was submitted; nil where nothing waits.
        public var oldest: Date?
        /// From submission to start, of those that ended in the last five minutes.
        public var wait: Quantiles?
        /// From start to end, of the same.
        public var run: Quantiles?

        /// Puts figures together.
        public init(
            pool: String,
            level: Level,
            waiting: Int = 0,
            running: Int = 0,
            oldest: Date? = nil,
            wait: Quantiles? = nil,
            run: Quantiles? = nil
        ) {
            self.pool = pool
            self.level = level
            self.waiting = waiting
            self.running = running
            self.oldest = oldest
            self.wait = wait
            self.run = run
        }
    }

    /// Two quantiles of durations.
    public struct Quantiles: Equatable, Sendable {
        /// The median.
        public var p50: Duration
        /// What 95 of 100 are below.
        public var p95: Duration

        /// Puts two together.
        public init(p50: Duration, p95: Duration) {
            self.p50 = p50
            self.p95 = p95
        }
    }

    /// Sandboxes of a pool in a state, of all workers.
    public struct Sandboxes: Equatable, Sendable {
        /// Their pool.
        public var pool: String
        /// What they are doing: `starting`, `idle`, `leased` or `retiring`.
        public var state: String
        /// How many.
        public var count: Int

        /// Puts a figure together.
        public init(pool: String, state: String, count: Int) {
            self.pool = pool
            self.state = state
            self.count = count
        }
    }

    /// Each level of each pool in which something waits, runs, or ended in the last five minutes.
    public var lanes: [Lane]
    /// Sandboxes by pool and state.
    public var sandboxes: [Sandboxes]
    /// Workers whose lease has not ended.
    public var workers: Int
    /// Messages that are to be published.
    public var outbox: Int
    /// When the oldest of them was due; nil where there is none.
    public var outboxDueAt: Date?
    /// How many dead letters there are.
    public var deadLetters: Int

    /// Puts an overview together.
    public init(
        lanes: [Lane],
        sandboxes: [Sandboxes],
        workers: Int,
        outbox: Int,
        outboxDueAt: Date?,
        deadLetters: Int
    ) {
        self.lanes = lanes
        self.sandboxes = sandboxes
        self.workers = workers
        self.outbox = outbox
        self.outboxDueAt = outboxDueAt
        self.deadLetters = deadLetters
    }
}

/// How many executions ended in a state within a minute.
public struct EndCount: Equatable, Sendable {
    /// The minute's beginning.
    public var minute: Date
    /// The state.
    public var state: ExecutionState
    /// How many.
    public var count: Int

    /// Puts a figure together.
    public init(minute: Date, state: ExecutionState, count: Int) {
        self.minute = minute
        self.state = state
        self.count = count
    }
}

/// Reads what an overview shows; both cost the more the more there is.
public protocol OverviewSource: Sendable {
    /// Counts what waits and runs now.
    func overview(pools: [String]) async throws(StoreError) -> InstallationOverview

    /// Counts what ended in pools from the minute of `start` on, by minute and state.
    func ends(in pools: [String], since start: Date) async throws(StoreError) -> [EndCount]
}
