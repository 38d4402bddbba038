public import FoundationEssentials

/// What is told of a finished execution: the event's `data`, the record's `result`, `result.json`.
public struct ResultDocument: Equatable, Sendable, Decodable {
    /// What became of one output stream.
    public struct StreamSummary: Equatable, Sendable, Codable {
        /// What the program wrote.
        public var bytes: ByteCount
        /// What is on disk: all of it, or its head and its tail.
        public var storedBytes: ByteCount
        /// Whether the middle was dropped.
        public var truncated: Bool
        /// The first 4 KiB as text, with U+FFFD for what is none; less where there are many cases.
        public var preview: String

        /// The most bytes of a preview.
        public static let previewLength = 4 << 10

        /// Sums a stream up.
        public init(bytes: ByteCount, storedBytes: ByteCount, preview: String) {
            self.bytes = bytes
            self.storedBytes = storedBytes
            self.preview = preview
            truncated = bytes > storedBytes
        }

        /// A stream nothing was written to.
        public static let empty = StreamSummary(bytes: .zero, storedBytes: .zero, preview: "")
    }

    /// What it took to build the program.
    public struct Build: Equatable, Sendable, Codable {
        /// Real time, in seconds.
        public var wallSeconds: Double
        /// User and system time, in seconds.
        public var cpuSeconds: Double
        /// The most memory the compiler held at once.
        public var memoryPeakBytes: ByteCount
        /// What the compiler wrote to standard error, warnings too.
        ///
        /// Of a build that succeeded only the beginning is kept, and nothing in the results directory.
        public var output: StreamSummary

        /// Puts the figures together.
        public init(
            output: StreamSummary,
            wallSeconds: Double,
            cpuSeconds: Double,
            memoryPeakBytes: ByteCount
        ) {
            self.output = output
            self.wallSeconds = wallSeconds
            self.cpuSeconds = cpuSeconds
            self.memoryPeakBytes = memoryPeakBytes
        }
    }

    /// The execution.
    public var id: UUID
    /// Whose it was.
    public var tenant: String
    /// The pool that ran it.
    public var pool: String
    /// Its level.
    public var level: Level
    /// What ran it.
    public var runtime: String
    /// Its batch.
    public var batchID: UUID?
    /// The execution that it repeats.
    public var rerunOf: UUID?
    /// The request's labels.
    public var labels: [String: String]
    /// The terminal state.
    public var state: ExecutionState
    /// Why.
    public var reason: Outcome.Reason?
    /// The first process's exit code.
    public var exitCode: Int?
    /// The signal that killed the first process.
    public var signal: Int?
    /// The end as a whole.
    public var outcome: Outcome {
        Outcome(state, reason, exitCode: exitCode, signal: signal)
    }
    /// Which attempt this was, from 1.
    public var attempt: Int
    /// When it was accepted (Postgres time).
    public var submittedAt: Date
    /// When a worker claimed it (Postgres time).
    public var startedAt: Date?
    /// When it ended (Postgres time).
    public var finishedAt: Date
    /// Real time of the program, in seconds; of all cases together where there are some.
    public var wallSeconds: Double?
    /// User and system time of the program, in seconds; of all cases together.
    public var cpuSeconds: Double?
    /// The most memory it held at once, in any case.
    public var memoryPeakBytes: ByteCount?
    /// The build before it, which its own figures leave out; nil where there is none.
    public var build: Build?
    /// Its standard output, or that of the build if that failed; with cases, that of the one which
    /// decided, or of the last.
    public var stdout: StreamSummary
    /// Its standard error, as ``stdout``.
    public var stderr: StreamSummary
    /// The files kept, in the order of their paths; with cases, each tells its own.
    public var files: [OutputFile]
    /// The files not kept.
    public var skipped: [SkippedFile]
    /// The patterns of the request's `outputs` that matched nothing; with cases, in none of them.
    public var missing: [String]
    /// What its cases earned of their points, 0 where none has run; nil where they have no points, or it
    /// ended before a worker had read its request.
    public var score: Double?
    /// What its cases are worth together; nil as ``score``.
    public var points: Double?
    /// The cases, in the order of the request; nil where it has none.
    public var cases: [CaseResult]?
    /// The directory with its files, below the results root; nil when nothing ran.
    public var resultsPath: String?
    /// The sandbox image that ran it.
    public var image: String?
    /// The worker that ran it; nil when it ended before any had it.
    public var worker: String?

    /// Begins the document of an execution that did not run: no figures, no output.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        level: Level,
        runtime: String,
        batchID: UUID?,
        rerunOf: UUID? = nil,
        labels: [String: String],
        outcome: Outcome,
        attempt: Int,
        submittedAt: Date,
        startedAt: Date?,
        finishedAt: Date,
        worker: String?
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.level = level
        self.runtime = runtime
        self.batchID = batchID
        self.rerunOf = rerunOf
        self.labels = labels
        state = outcome.state
        reason = outcome.reason
        exitCode = outcome.exitCode
        signal = outcome.signal
        self.attempt = attempt
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        stdout = .empty
        stderr = .empty
        files = []
        skipped = []
        missing = []
        self.worker = worker
    }
}

extension ResultDocument: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id
        case tenant
        case pool
        case level
        case runtime
        case batchID = "batch_id"
        case rerunOf = "rerun_of"
        case labels
        case state
        case reason
        case exitCode = "exit_code"
        case signal
        case attempt
        case submittedAt = "submitted_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case wallSeconds = "wall_seconds"
        case cpuSeconds = "cpu_seconds"
        case memoryPeakBytes = "memory_peak_bytes"
        case build
        case stdout
        case stderr
        case files
        case skipped
        case missing
        case score
        case points
        case cases
        case resultsPath = "results_path"
        case image
        case worker
    }

    /// Writes every key, null where there is no value; ids in lower case as RFC 9562 prints them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(tenant, forKey: .tenant)
        try container.encode(pool, forKey: .pool)
        try container.encode(level, forKey: .level)
        try container.encode(runtime, forKey: .runtime)
        try container.encode(batchID?.text, forKey: .batchID)
        try container.encode(rerunOf?.text, forKey: .rerunOf)
        try container.encode(labels, forKey: .labels)
        try container.encode(state, forKey: .state)
        try container.encode(reason, forKey: .reason)
        try container.encode(exitCode, forKey: .exitCode)
        try container.encode(signal, forKey: .signal)
        try container.encode(attempt, forKey: .attempt)
        try container.encode(submittedAt, forKey: .submittedAt)
        try container.encode(startedAt, forKey: .startedAt)
        try container.encode(finishedAt, forKey: .finishedAt)
        try container.encode(wallSeconds, forKey: .wallSeconds)
        try container.encode(cpuSeconds, forKey: .cpuSeconds)
        try container.encode(memoryPeakBytes, forKey: .memoryPeakBytes)
        try container.encode(build, forKey: .build)
        try container.encode(stdout, forKey: .stdout)
        try container.encode(stderr, forKey: .stderr)
        try container.encode(files, forKey: .files)
        try container.encode(skipped, forKey: .skipped)
        try container.encode(missing, forKey: .missing)
        try container.encode(score, forKey: .score)
        try container.encode(points, forKey: .points)
        try container.encode(cases, forKey: .cases)
        try container.encode(resultsPath, forKey: .resultsPath)
        try container.encode(image, forKey: .image)
        try container.encode(worker, forKey: .worker)
    }
}

extension ResultDocument.Build {
    private enum CodingKeys: String, CodingKey {
        case wallSeconds = "wall_seconds"
        case cpuSeconds = "cpu_seconds"
        case memoryPeakBytes = "memory_peak_bytes"
        case output
    }
}

extension ResultDocument.StreamSummary {
    private enum CodingKeys: String, CodingKey {
        case bytes
        case storedBytes = "stored_bytes"
        case truncated
        case preview
    }
}
