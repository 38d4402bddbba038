public import SandmillEntity

/// A piece of a program's output.
public enum SandboxOutput: Equatable, Sendable {
    /// A program's two output streams.
    public enum Stream: CaseIterable, Sendable {
        /// Standard output.
        case stdout
        /// Standard error.
        case stderr
    }

    /// The next bytes of a stream.
    case stream(Stream, [UInt8])
    /// An output file begins; its content follows, `size` bytes in all.
    case file(OutputPath, size: ByteCount)
    /// The next bytes of the file.
    case content([UInt8])
    /// A file that is not kept.
    case skipped(OutputPath, SkippedFile.Reason)
}
