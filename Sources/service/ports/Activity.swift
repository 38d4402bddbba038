public import FoundationEssentials

/// What an installation is doing now.
public struct Activity: Equatable, Sendable {
    /// How the executions of a pool ended lately, and how long they had waited.
    public struct Pace: Equatable, Sendable {
        /// Their pool.
        public var pool: String
        /// How many ended.
        public var ended: Int
        /// How many of them did not succeed.
        public var unsuccessful: Int
        /// From submission to start, half of them at most; nil where none ended that had started.
        public var medianWait: Duration?
        /// From submission to start, 95 of a hundred at most.
        public var longWait: Duration?

        /// Puts a figure together.
        public init(
            pool: String,
            ended: Int,
            unsuccessful: Int,
            medianWait: Duration?,
            longWait: Duration?
        ) {
            self.pool = pool
            self.ended = ended
            self.unsuccessful = unsuccessful
            self.medianWait = medianWait
            self.longWait = longWait
        }
    }

    /// An execution that runs.
    public struct Running: Equatable, Sendable {
        /// The execution.
        public var id: UUID
        /// Whose it is.
        public var tenant: String
        /// Its pool.
        public var pool: String
        /// Its level, as a word.
        public var level: String
        /// What runs it.
        public var runtime: String
        /// Who runs it.
        public var worker: String
        /// Which attempt it is.
        public var attempt: Int
        /// For how long it has been claimed.
        public var age: Duration

        /// Puts a figure together.
        public init(
            id: UUID,
            tenant: String,
            pool: String,
            level: String,
            runtime: String,
            worker: String,
            attempt: Int,
            age: Duration
        ) {
            self.id = id
            self.tenant = tenant
            self.pool = pool
            self.level = level
            self.runtime = runtime
            self.worker = worker
            self.attempt = attempt
            self.age = age
        }
    }

    /// The pace of each pool in which anything ended.
    public var paces: [Pace]
    /// What runs, the longest first.
    public var running: [Running]

    /// Puts it together.
    public init(paces: [Pace], running: [Running]) {
        self.paces = paces
        self.running = running
    }
}
