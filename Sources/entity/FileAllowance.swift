/// What all cases of an execution together may still leave, so that their number does not multiply
/// what is kept and told of files.
///
/// A sandbox holds each case to the same limits; this holds their sum to them.
public struct FileAllowance: Sendable {
    private var files: Int
    private var bytes: ByteCount
    /// Of how many files that are not kept it is told; the last says that there are more.
    private var skippedLeft = 1_000
    /// How many bytes all paths have of which it is told, but for that of the last.
    private var pathBytesLeft = 252 << 10

    /// Allows what `limits` allow.
    public init(_ limits: Limits) {
        files = limits.outputFiles
        bytes = limits.output
    }

    /// Why a file is not kept; nil if it is, and counts.
    public mutating func refusal(
        of path: OutputPath,
        size: ByteCount
    ) -> SkippedFile.Reason? {
        guard files > 0, path.bytes.count <= pathBytesLeft else { return .tooMany }
        guard size <= bytes else { return .tooLarge }
        files -= 1
        bytes = bytes - size
        pathBytesLeft -= path.bytes.count
        return nil
    }

    /// What is told of a file that is not kept for `reason`; nil if nothing is.
    public mutating func told(
        ofSkipped path: OutputPath,
        _ reason: SkippedFile.Reason
    ) -> SkippedFile.Reason? {
        guard skippedLeft > 0 else { return nil }
        guard skippedLeft > 1, path.bytes.count <= pathBytesLeft else {
            skippedLeft = 0
            return .tooMany
        }
        skippedLeft -= 1
        pathBytesLeft -= path.bytes.count
        return reason
    }
}
