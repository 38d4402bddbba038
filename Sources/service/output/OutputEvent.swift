public import SandmillEntity

/// A piece of the output of an execution that is followed.
public enum OutputEvent: Equatable, Sendable {
    /// The next bytes of a stream, at most 64 KiB.
    case bytes(SandboxOutput.Stream, [UInt8])
    /// So many bytes of a stream are not kept, behind its first `offset` bytes.
    case dropped(SandboxOutput.Stream, ByteCount, offset: ByteCount)
    /// The attempt that was followed was lost to a fault of ours. What follows is another's, from
    /// its beginning.
    case restarted(attempt: Int)
    /// Nothing follows. The state is terminal, unless only what was there by now was asked for.
    case over(ExecutionState)
}

/// A piece of output, and how far it leads.
public struct MarkedOutput: Equatable, Sendable {
    /// The piece.
    public var output: OutputEvent
    /// The place behind it; nil before the first attempt.
    public var mark: OutputCursorToken?

    /// Puts the two together.
    public init(output: OutputEvent, mark: OutputCursorToken?) {
        self.output = output
        self.mark = mark
    }
}
