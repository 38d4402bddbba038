internal import SandmillEntity

extension SubmissionDecoder {
    private static let maximumCases = 1_000
    /// The most bytes of files and standard input that all runs together are given.
    private static let inputBytes = 1 << 30
    /// The most bytes of standard output and error that all runs together may leave.
    private static let streamBytes = 4 << 30

    /// The cases of a request for `program`, from which each takes what it does not say itself.
    static func plan(
        _ cases: [RequestBody.Case],
        of program: Program,
        stopsOnFirstFailure: Bool
    ) throws(RequestRefusal) -> TestPlan {
        guard (1...maximumCases).contains(cases.count) else {
            throw RequestRefusal(.invalidRequest, at: "/cases", "not 1 to \(maximumCases) cases")
        }
        let environmentSize = size(ofEnvironment: program.environment)
        var names: Set<[UInt8]> = []
        var plan: [TestCase] = []
        for (index, body) in cases.enumerated() {
            let pointer = "/cases/\(index)"
            let name = try name(body.name ?? String(index), at: "\(pointer)/name")
            guard names.insert(Array(name.utf8)).inserted else {
                throw RequestRefusal(
                    .invalidRequest,
                    at: "\(pointer)/name",
                    "another case is called so"
                )
            }
            if let arguments = body.arguments {
                try checkArguments(
                    arguments,
                    at: "\(pointer)/args",
                    environmentSize: environmentSize
                )
            }
            plan.append(
                TestCase(
                    name: name,
                    arguments: body.arguments ?? program.arguments,
                    stdin: body.stdin ?? program.stdin,
                    expectedStdout: try expectedStdout(body, of: program, at: pointer),
                    comparison: try comparison(body.compare, at: "\(pointer)/compare")
                )
            )
        }
        try checkSizes(plan, of: program)
        return TestPlan(cases: plan, stopsOnFirstFailure: stopsOnFirstFailure)
    }

    private static func name(
        _ name: String,
        at pointer: String
    ) throws(RequestRefusal) -> String {
        let isPlain = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard (1...128).contains(name.utf8.count), isPlain else {
            throw RequestRefusal(
                .invalidRequest,
                at: pointer,
                "not 1 to 128 bytes without control characters"
            )
        }
        return name
    }

    private static func comparison(
        _ name: String?,
        at pointer: String
    ) throws(RequestRefusal) -> OutputComparison {
        guard let name else { return .standard }
        guard let comparison = OutputComparison(name) else {
            throw RequestRefusal(.invalidRequest, at: pointer, OutputComparison.rule)
        }
        return comparison
    }

    /// What is expected; more than is kept of the output could never be given.
    private static func expectedStdout(
        _ body: RequestBody.Case,
        of program: Program,
        at pointer: String
    ) throws(RequestRefusal) -> [UInt8]? {
        let limit = program.limits.stdout
        guard let expected = body.expectedStdout, ByteCount(expected.count) > limit else {
            return body.expectedStdout
        }
        throw RequestRefusal(
            .invalidRequest,
            at: "\(pointer)/expected_stdout",
            "above the \(limit.bytes) bytes of standard output that are kept"
        )
    }

    private static func checkSizes(
        _ cases: [TestCase],
        of program: Program
    ) throws(RequestRefusal) {
        let files = program.files.reduce(0) { $0 + $1.content.count }
        guard cases.reduce(0, { $0 + files + $1.stdin.count }) <= inputBytes else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/cases",
                "the files and the standard input of all cases are above \(inputBytes) bytes"
            )
        }
        let streams = (program.limits.stdout + program.limits.stderr).bytes
        guard Int64(cases.count) * streams <= streamBytes else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/cases",
                "so many may leave more than \(streamBytes) bytes of output: ask for lower limits"
            )
        }
    }
}
