internal import SandmillEntity

extension SubmissionDecoder {
    private static let maximumCases = 1_000
    /// The most bytes of files and standard input that all runs together are given.
    private static let inputBytes = 1 << 30
    /// The most bytes of standard output and error that all runs together may leave.
    private static let streamBytes = 4 << 30
    /// The most that a case is worth.
    private static let maximumPoints = 1_000_000.0

    /// How much is told of a wrong answer.
    static func reveal(named name: String?) throws(RequestRefusal) -> Reveal {
        guard let name else { return .standard }
        guard let reveal = Reveal(rawValue: name) else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/reveal",
                "not none, position or difference"
            )
        }
        return reveal
    }

    /// The cases of a request for `program`, from which each takes what it does not say itself.
    static func cases(
        _ cases: [RequestBody.Case],
        of program: Program
    ) throws(RequestRefusal) -> [TestCase] {
        guard (1...maximumCases).contains(cases.count) else {
            throw RequestRefusal(.invalidRequest, at: "/cases", "not 1 to \(maximumCases) cases")
        }
        let environmentSize = size(ofEnvironment: program.environment)
        let places = cases.contains { $0.files != nil } ? InputTree(program) : InputTree()
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
                    files: try files(body.files ?? [], of: program, in: places, at: pointer),
                    expectedStdout: try expectedStdout(body, of: program, at: pointer),
                    comparison: try comparison(body.compare, at: "\(pointer)/compare"),
                    points: try points(body.points, at: "\(pointer)/points")
                )
            )
        }
        try checkSizes(plan, of: program)
        return plan
    }

    private static func points(
        _ points: Double?,
        at pointer: String
    ) throws(RequestRefusal) -> Double? {
        guard let points else { return nil }
        guard (0...maximumPoints).contains(points) else {
            throw RequestRefusal(
                .invalidRequest,
                at: pointer,
                "not between 0 and \(Int(maximumPoints))"
            )
        }
        return points
    }

    /// The files of a case: others than those of the program, which `places` has, or such in their place.
    ///
    /// What is started is the program's alone.
    private static func files(
        _ files: [RequestBody.File],
        of program: Program,
        in places: InputTree,
        at pointer: String
    ) throws(RequestRefusal) -> [Program.InputFile] {
        guard !files.isEmpty else { return [] }
        var tree = places
        var replaced: Set<[UInt8]> = []
        for (index, file) in files.enumerated() {
            let pointer = "\(pointer)/files/\(index)/path"
            guard InputPath.isValid(file.path) else {
                throw RequestRefusal(.invalidRequest, at: pointer, InputPath.rule)
            }
            guard !file.path.utf8.elementsEqual(program.entrypoint.utf8) else {
                throw RequestRefusal(.invalidRequest, at: pointer, "is the program that is started")
            }
            if places.hasFile(file.path), replaced.insert(Array(file.path.utf8)).inserted {
                continue
            }
            if let conflict = tree.insert(file.path) {
                throw RequestRefusal(.invalidRequest, at: pointer, conflict)
            }
        }
        guard program.files.count + files.count - replaced.count <= maximumFiles else {
            throw RequestRefusal(
                .invalidRequest,
                at: "\(pointer)/files",
                "more than \(maximumFiles) with those of the program"
            )
        }
        try checkPaths(program.files.map(\.path) + files.map(\.path), at: "\(pointer)/files")
        return files.map { Program.InputFile(path: $0.path, content: $0.content) }
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
        let input = cases.reduce(0) { sum, testCase in
            sum + files + testCase.stdin.count
                + testCase.files.reduce(0) { $0 + $1.content.count }
        }
        guard input <= inputBytes else {
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

extension InputTree {
    /// The files of a program.
    fileprivate init(_ program: Program) {
        self.init()
        for file in program.files { _ = insert(file.path) }
    }
}
