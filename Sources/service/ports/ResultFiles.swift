public import SandmillEntity

/// Where the files of executions that ended can be read.
public protocol ResultFiles: Sendable {
    /// How long a file is; nil when it is not there.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - path: The directory of the attempt, relative to the root (``ResultDraft/path``).
    /// - Returns: Its length.
    /// - Throws: ``ResultsError`` for what is no regular file, and when it cannot be read.
    func size(of file: ResultFile, at path: String) async throws(ResultsError) -> ByteCount?

    /// Reads at most `limit` bytes of a file from `offset` on; none at its end, nil when it is not
    /// there.
    func read(
        _ file: ResultFile,
        at path: String,
        from offset: Int,
        limit: Int
    ) async throws(ResultsError) -> [UInt8]?

    /// The URL by which whoever asks for a file may read it for a while, from elsewhere and not from us; nil where it
    /// is read here.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - path: The directory of the attempt.
    ///   - disposition: What the answer says under `Content-Disposition`.
    /// - Returns: The URL.
    /// - Throws: ``ResultsError``.
    func link(
        to file: ResultFile,
        at path: String,
        disposition: String
    ) async throws(ResultsError) -> String?

    /// How many bytes are best read at once.
    var piece: Int { get }

    /// Checks that the directory of all results can be read now.
    func checkReadable() async throws(ResultsError)
}

extension ResultFiles {
    /// What is read here has no other place.
    public func link(
        to file: ResultFile,
        at path: String,
        disposition: String
    ) async throws(ResultsError) -> String? { nil }

    /// As much as a client takes at once.
    public var piece: Int { 128 << 10 }
}
