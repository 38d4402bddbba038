public import FoundationEssentials
public import SandmillEntity

/// Where the output of executions is kept: `<day>/<execution id>/<attempt>/` below a root.
public protocol ResultsStore: Sendable {
    /// Begins the results of one attempt, in the directory of the UTC day of `day`; nothing is on
    /// disk yet.
    func begin(execution: UUID, attempt: Int, day: Date) -> any ResultDraft

    /// Checks that results can be written now.
    func checkWritable() async throws(ResultsError)
}

/// The results of one attempt while they are gathered; used by one task at a time.
public protocol ResultDraft: Sendable {
    /// The directory it will become, relative to the root.
    var path: String { get }

    /// Takes the next piece of output, to memory or, when there is much, to the staging area.
    func receive(_ output: SandboxOutput) async throws(ResultsError)

    /// What was gathered so far, as the document tells it.
    func summary() async -> ResultSummary

    /// Puts everything in place, with `document` as `result.json`, and returns once it is durable.
    ///
    /// Many drafts share one flush. Publishing the same attempt again replaces nothing: what is
    /// in place stays.
    func publish(document: [UInt8]) async throws(ResultsError)

    /// Throws everything away.
    func discard() async
}

/// What a draft holds.
public struct ResultSummary: Equatable, Sendable {
    /// One output stream.
    public struct Stream: Equatable, Sendable {
        /// How many bytes are kept.
        public var stored: ByteCount
        /// The first 4 KiB, as they are.
        public var head: [UInt8]

        /// Sums a stream up.
        public init(stored: ByteCount, head: [UInt8]) {
            self.stored = stored
            self.head = head
        }
    }

    /// Standard output.
    public var stdout: Stream
    /// Standard error.
    public var stderr: Stream
    /// The files kept.
    public var files: [OutputFile]
    /// The files not kept.
    public var skipped: [SkippedFile]

    /// Sums a draft up.
    public init(stdout: Stream, stderr: Stream, files: [OutputFile], skipped: [SkippedFile]) {
        self.stdout = stdout
        self.stderr = stderr
        self.files = files
        self.skipped = skipped
    }
}

/// Why results could not be written: always our fault, and worth another try.
public struct ResultsError: Error, Equatable, Sendable {
    /// What happened, safe to show.
    public let message: String

    /// Describes a failure.
    public init(_ message: String) {
        self.message = message
    }
}
