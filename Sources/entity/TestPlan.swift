/// One run of a program that is run several times.
public struct TestCase: Equatable, Sendable {
    /// What it is called in the result.
    public var name: String
    /// The program's arguments.
    public var arguments: [String]
    /// What the program reads from standard input.
    public var stdin: [UInt8]
    /// Files that it adds to those of the program, or has in their place.
    public var files: [Program.InputFile]
    /// What it has to write to standard output, which no sandbox ever sees; nil for anything.
    public var expectedStdout: [UInt8]?
    /// How the two are held against each other.
    public var comparison: OutputComparison
    /// What it earns when it is accepted; nil where nobody counts.
    public var points: Double?

    /// Describes a case.
    public init(
        name: String,
        arguments: [String],
        stdin: [UInt8],
        files: [Program.InputFile] = [],
        expectedStdout: [UInt8]? = nil,
        comparison: OutputComparison = .standard,
        points: Double? = nil
    ) {
        self.name = name
        self.arguments = arguments
        self.stdin = stdin
        self.files = files
        self.expectedStdout = expectedStdout
        self.comparison = comparison
        self.points = points
    }
}

/// The cases of a request: its program is run once for each, from a fresh copy of its files.
public struct TestPlan: Equatable, Sendable {
    /// The cases, in their order; at least one.
    public var cases: [TestCase]
    /// Whether those behind the first that is not accepted are skipped.
    public var stopsOnFirstFailure: Bool
    /// How much is told of a wrong answer.
    public var reveal: Reveal

    /// Plans cases.
    public init(
        cases: [TestCase],
        stopsOnFirstFailure: Bool = false,
        reveal: Reveal = .standard
    ) {
        precondition(!cases.isEmpty, "a plan has a case")
        self.cases = cases
        self.stopsOnFirstFailure = stopsOnFirstFailure
        self.reveal = reveal
    }

    /// What all cases are worth together; nil where none has points.
    public var points: Double? { Self.sum(of: cases.map(\.points)) }

    /// The sum of points, to the millionth, so that tenths add up to whole numbers; nil where there are none.
    public static func sum(of points: [Double?]) -> Double? {
        let points = points.compactMap(\.self)
        guard !points.isEmpty else { return nil }
        return (points.reduce(0, +) * 1_000_000).rounded() / 1_000_000
    }
}

extension Program {
    /// The program as a case runs it.
    public func running(_ testCase: TestCase) -> Program {
        var program = self
        program.arguments = testCase.arguments
        program.stdin = testCase.stdin
        if !testCase.files.isEmpty {
            let replaced = Set(testCase.files.map { Array($0.path.utf8) })
            program.files.removeAll { replaced.contains(Array($0.path.utf8)) }
            program.files += testCase.files
        }
        return program
    }
}

extension Submission {
    /// How often its program is run, at most.
    public var runs: Int { tests?.cases.count ?? 1 }
}
