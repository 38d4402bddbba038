public import FoundationEssentials
public import SandmillEntity

/// How executions ended in the last hour.
public struct RecentEnds: Equatable, Sendable {
    /// Until when it tells.
    public var time: Date
    /// How long executions waited and ran that ended in the last five minutes.
    public var durations: [LaneDurations]
    /// How many ended, in order of the minutes.
    public var counts: [EndCount]

    /// Puts it together.
    public init(time: Date, durations: [LaneDurations], counts: [EndCount]) {
        self.time = time
        self.durations = durations
        self.counts = counts
    }
}

/// How long executions of a level of a pool waited and ran.
public struct LaneDurations: Equatable, Sendable {
    /// The median, and what 95 of 100 are below.
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

    /// Their pool.
    public var pool: String
    /// Their level.
    public var level: Level
    /// From submission to start.
    public var wait: Quantiles
    /// From start to end.
    public var run: Quantiles

    /// Puts figures together.
    public init(pool: String, level: Level, wait: Quantiles, run: Quantiles) {
        self.pool = pool
        self.level = level
        self.wait = wait
        self.run = run
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

/// Tells how executions ended; what it costs grows with how many did.
public protocol RecentEndsSource: Sendable {
    /// Tells how long executions of pools waited and ran that ended in the last five minutes, by the latest
    /// 2,000 of a pool.
    func durations(in pools: [String]) async throws(StoreError) -> [LaneDurations]

    /// Counts what ended in pools from the minute of `start` on.
    func ends(in pools: [String], since start: Date) async throws(StoreError) -> [EndCount]
}
