public import SandmillEntity

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
