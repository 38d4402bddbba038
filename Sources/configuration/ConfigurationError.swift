/// What is wrong with a configuration: every problem, each with its key, value and expectation.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The problems, in the order in which they were found; at least one.
    public let problems: [String]

    /// Collects problems.
    public init(_ problems: [String]) {
        self.problems = problems
    }

    /// One problem a line.
    public var description: String {
        problems.joined(separator: "\n")
    }
}
