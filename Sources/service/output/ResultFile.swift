public import SandmillEntity

/// A file of an attempt.
public enum ResultFile: Equatable, Sendable {
    /// An output stream.
    case stream(SandboxOutput.Stream)
    /// A file that the program left.
    case output(OutputPath)
    /// A file of one of its cases, by the case's place from 0.
    indirect case ofCase(Int, ResultFile)
}
