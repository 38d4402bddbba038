public import FoundationEssentials
public import SandmillEntity

/// Where the output of executions is kept: `<day>/<execution id>/<attempt>/` below a root.
public protocol ResultsStore: Sendable {
    /// Begins the results of one attempt, in the directory of the UTC day of `day`; nothing is on
    /// disk yet.
    func begin(execution: UUID, attempt: Int, day: Date) -> any ResultDraft

    /// Puts results in place, all with the same flushes, and returns once they are durable.
    ///
    /// Publishing the same attempt again replaces nothing: what is in place stays.
    ///
    /// - Returns: What became of each, in the same order.
    func publish(_ results: [FinishedResult]) async -> [Result<Void, ResultsError>]

    /// Checks that results can be written now, and that there is `room` for some beside what the store
    /// keeps free for any.
    func checkWritable(room: ByteCount) async throws(ResultsError)
}

extension ResultsStore {
    /// Checks that results can be written now.
    public func checkWritable() async throws(ResultsError) {
        try await checkWritable(room: .zero)
    }
}

/// The results of one attempt while they are gathered.
///
/// One task at a time uses it, but for ``stage()``, which any other may call at any time.
public protocol ResultDraft: Sendable {
    /// The directory it will become, relative to the root.
    var path: String { get }

    /// Begins case `index` of the attempt: what is received from now on is its, and goes below
    /// `cases/<index>/`, and ``summary()`` is of it alone.
    func begin(case index: Int) async throws(ResultsError)

    /// Takes the next piece of output, to memory or, when there is much, to the staging area.
    func receive(_ output: SandboxOutput) async throws(ResultsError)

    /// Makes what was gathered so far visible to followers (``OutputSource``); does nothing when
    /// nothing is new, or after the end. What cannot be staged now waits for the next time.
    func stage() async

    /// What was gathered so far, as the document tells it; of the case that was begun last, if one was.
    func summary() async -> ResultSummary

    /// How many bytes have come so far, of all cases.
    var written: ByteCount { get async }

    /// Ends the gathering, with `document` as `result.json`; nothing is received after it.
    ///
    /// The streams of case `index` become those of the attempt as well; it is nil without cases.
    func finish(document: [UInt8], streamsOf index: Int?) async -> FinishedResult

    /// Throws everything away.
    func discard() async
}

extension ResultDraft {
    /// Ends the gathering of an attempt without cases.
    public func finish(document: [UInt8]) async -> FinishedResult {
        await finish(document: document, streamsOf: nil)
    }
}

/// A result that is to be put in place.
public struct FinishedResult: Sendable {
    /// Bytes for a file that are not in the staging area yet.
    public struct Content: Sendable {
        /// The file, relative to the result's directory.
        public let file: OutputPath
        /// Where in the file they begin; all before them is in the staging area.
        public let offset: Int
        /// The bytes.
        public var bytes: [UInt8]

        /// Describes what a file is to get.
        public init(file: OutputPath, offset: Int = 0, bytes: [UInt8]) {
            self.file = file
            self.offset = offset
            self.bytes = bytes
        }
    }

    /// A file that is to have the content of another.
    public struct Copy: Equatable, Sendable {
        /// The file whose content it is, relative to the result's directory.
        public let source: OutputPath
        /// The file that gets it.
        public let target: OutputPath

        /// Describes a copy.
        public init(of source: OutputPath, to target: OutputPath) {
            self.source = source
            self.target = target
        }
    }

    /// Its directory in the staging area.
    public let name: String
    /// Its place, relative to the root.
    public let path: String
    /// What is not in the staging area yet.
    public let contents: [Content]
    /// What is copied when all content is there.
    public let copies: [Copy]
    /// How many bytes it has in all, about.
    public let size: ByteCount
    /// How many times the store may have lost what was staged before anything of this was; nil when
    /// nothing is staged.
    public let lossesBefore: Int?

    /// Describes a result.
    public init(
        name: String,
        path: String,
        contents: [Content],
        copies: [Copy] = [],
        size: ByteCount = .zero,
        lossesBefore: Int? = nil
    ) {
        self.name = name
        self.path = path
        self.contents = contents
        self.copies = copies
        self.size = size
        self.lossesBefore = lossesBefore
    }
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
    /// Whether it is known that no other result would have met it.
    public let isOfResult: Bool
    /// How many bytes the result has that could not be written, as far as it came.
    public var size = ByteCount.zero

    /// Describes a failure.
    public init(_ message: String, isOfResult: Bool = false) {
        self.message = message
        self.isOfResult = isOfResult
    }

    /// The same failure, of a result of such a size.
    public func writing(_ size: ByteCount) -> ResultsError {
        var error = self
        error.size = size
        return error
    }
}
