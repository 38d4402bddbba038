public import SandmillEntity

/// What an installation has to do and what it does it with.
public struct QueueStatistics: Equatable, Sendable {
    /// Executions that have not ended.
    public struct Executions: Equatable, Sendable {
        /// Their pool.
        public var pool: String
        /// Their level.
        public var level: Level
        /// Their state, `queued`, or `running` once the program runs.
        public var state: ExecutionState
        /// How many.
        public var count: Int
        /// How many of those that are queued a worker has claimed.
        public var claimed: Int
        /// How many of them wait for their message, which the broker or the outbox has.
        public var awaited: Int
        /// How many of them may not start yet: for their time, or for other members of their batch.
        public var deferred: Int
        /// How long the oldest has waited of those that may start, claimed or not; nil where there is none.
        public var oldest: Duration?

        /// Puts a figure together.
        public init(
            pool: String,
            level: Level,
            state: ExecutionState,
            count: Int,
            claimed: Int = 0,
            awaited: Int = 0,
            deferred: Int = 0,
            oldest: Duration? = nil
        ) {
            self.pool = pool
            self.level = level
            self.state = state
            self.count = count
            self.claimed = claimed
            self.awaited = awaited
            self.deferred = deferred
            self.oldest = oldest
        }
    }

    /// Sandboxes of all workers.
    public struct Sandboxes: Equatable, Sendable {
        /// Their pool.
        public var pool: String
        /// What they are doing.
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

    /// Executions by pool, level and state; none where there is none.
    public var executions: [Executions]
    /// Sandboxes by pool and state.
    public var sandboxes: [Sandboxes]
    /// Messages that are to be published.
    public var outbox: Int
    /// How long the oldest of them is there; nil where there is none.
    public var outboxOldest: Duration?
    /// Those of them that the broker has rejected, by the name of their exchange; empty for a queue's own.
    public var rejected: [String: Int]
    /// Dead letters by error type.
    public var deadLetters: [String: Int]
    /// Workers whose lease has not ended.
    public var workers: Int

    /// Puts a census together.
    public init(
        executions: [Executions],
        sandboxes: [Sandboxes],
        outbox: Int,
        outboxOldest: Duration? = nil,
        rejected: [String: Int] = [:],
        deadLetters: [String: Int],
        workers: Int
    ) {
        self.executions = executions
        self.sandboxes = sandboxes
        self.outbox = outbox
        self.outboxOldest = outboxOldest
        self.rejected = rejected
        self.deadLetters = deadLetters
        self.workers = workers
    }
}
