/// How far a follower has come in the output of an execution, so that another goes on from there.
public struct OutputCursorToken: Equatable, Sendable, LosslessStringConvertible {
    /// The attempt that is followed.
    public var attempt: Int
    /// How many bytes of its standard output were told.
    public var stdout: Int
    /// How many bytes of its standard error were told.
    public var stderr: Int

    /// Marks a place.
    public init(attempt: Int, stdout: Int, stderr: Int) {
        self.attempt = attempt
        self.stdout = stdout
        self.stderr = stderr
    }

    /// Reads `<attempt>:<stdout>:<stderr>`; nil for anything else.
    public init?(_ description: String) {
        let numbers = description.split(separator: ":", omittingEmptySubsequences: false).map {
            $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                ? UInt32($0).map(Int.init) : nil
        }
        guard numbers.count == 3, let attempt = numbers[0], let stdout = numbers[1],
            let stderr = numbers[2]
        else { return nil }
        self.init(attempt: attempt, stdout: stdout, stderr: stderr)
    }

    /// `<attempt>:<stdout>:<stderr>`.
    public var description: String { "\(attempt):\(stdout):\(stderr)" }
}
