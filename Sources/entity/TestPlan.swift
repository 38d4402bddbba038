/// One run of a program that is run several times.
public struct TestCase: Equatable, Sendable {
    /// What it is called in the result.
    public var name: String
    /// The program's arguments.
    public var arguments: [String]
    /// What the program reads from standard input.
    public var stdin: [UInt8]
    /// What it has to write to standard output, which no sandbox ever sees; nil for anything.
    public var expectedStdout: [UInt8]?
    /// How the two are held against each other.
    public var comparison: OutputComparison

    /// Describes a case.
    public init(
        name: String,
        arguments: [String],
        stdin: [UInt8],
        expectedStdout: [UInt8]? = nil,
        comparison: OutputComparison = .standard
    ) {
        self.name = name
        self.arguments = arguments
        self.stdin = stdin
        self.expectedStdout = expectedStdout
        self.comparison = comparison
    }
}

/// The cases of a request: its program is run once for each, from a fresh copy of its files.
public struct TestPlan: Equatable, Sendable {
    /// The cases, in their order; at least one.
    public var cases: [TestCase]
    /// Whether those behind the first that is not accepted are skipped.
    public var stopsOnFirstFailure: Bool

    /// Plans cases.
    public init(cases: [TestCase], stopsOnFirstFailure: Bool = false) {
        precondition(!cases.isEmpty, "a plan has a case")
        self.cases = cases
        self.stopsOnFirstFailure = stopsOnFirstFailure
    }
}

extension Program {
    /// The program as a case runs it.
    public func running(_ testCase: TestCase) -> Program {
        var program = self
        program.arguments = testCase.arguments
        program.stdin = testCase.stdin
        return program
    }
}

extension Submission {
    /// How often its program is run, at most.
    public var runs: Int { tests?.cases.count ?? 1 }
}
