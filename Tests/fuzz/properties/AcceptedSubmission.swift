import FoundationEssentials
import SandboxProtocol
import SandmillEntity
import SandmillService

@testable import SandmillDocker

/// What must be true of every submission that was accepted, whatever the decoder's own checks are.
struct AcceptedSubmission {
    private let submission: Submission
    private let program: Program
    private let message: RequestMessage

    init(_ submission: Submission, of message: RequestMessage) {
        self.submission = submission
        program = submission.program
        self.message = message
    }

    func check() throws(PropertyViolation) {
        try checkProperties()
        try checkLimits()
        try checkFiles()
        try checkTexts()
        try checkSizes()
        try checkCases()
        try checkRun()
    }

    private func checkProperties() throws(PropertyViolation) {
        let properties = message.properties
        try require(
            submission.id.text == properties.messageID?.lowercased(),
            "the id is the message's, digit by digit"
        )
        try require(
            submission.tenant == properties.headers["tenant"] ?? "default"
                && Name.isValid(submission.tenant),
            "the tenant is the header's"
        )
        try require((properties.replyTo ?? "").utf8.count <= 255, "reply_to is a routing key")
        if let batch = submission.batch {
            try require((1...1_000_000).contains(batch.size), "a batch has members")
        }
    }

    private func checkLimits() throws(PropertyViolation) {
        let limits = program.limits
        let maxima = Limits.poolMaxima
        try require(
            limits.wall > .zero && limits.wall <= maxima.wall
                && limits.cpu > .zero && limits.cpu <= maxima.cpu,
            "the times are above 0 and at most the maximum"
        )
        let sizes: [KeyPath<Limits, ByteCount>] = [\.memory, \.stdout, \.stderr, \.output]
        let counts: [KeyPath<Limits, Int>] = [\.processes, \.outputFiles]
        try require(
            sizes.allSatisfy {
                limits[keyPath: $0] > .zero && limits[keyPath: $0] <= maxima[keyPath: $0]
            }
                && counts.allSatisfy {
                    limits[keyPath: $0] > 0 && limits[keyPath: $0] <= maxima[keyPath: $0]
                },
            "the limits are above 0 and at most the maxima"
        )
    }

    private func checkFiles() throws(PropertyViolation) {
        let paths = program.files.map { Array($0.path.utf8) }
        for path in paths {
            let components = path.split(
                separator: UInt8(ascii: "/"),
                omittingEmptySubsequences: false
            )
            try require(
                !path.contains(0) && path.count <= 1_024 && components.count <= 32
                    && components.allSatisfy { component in
                        (1...255).contains(component.count)
                            && !component.elementsEqual(".".utf8)
                            && !component.elementsEqual("..".utf8)
                    },
                "a path is relative and leads to nothing above"
            )
        }
        let places = Set(paths)
        try require(places.count == paths.count, "no path is there twice")
        try require(
            paths.allSatisfy { path in
                !path.indices.contains {
                    path[$0] == UInt8(ascii: "/") && places.contains(Array(path[..<$0]))
                }
            },
            "no file is the directory of another"
        )
        try require(places.contains(Array(program.entrypoint.utf8)), "the entrypoint is a file")
    }

    private func checkTexts() throws(PropertyViolation) {
        let names = Array(program.environment.keys)
        let texts =
            program.arguments + names + Array(program.environment.values)
            + program.outputs + Array(submission.labels.keys) + Array(submission.labels.values)
        try require(!texts.contains { $0.utf8.contains(0) }, "no text has a U+0000")
        try require(
            !names.contains { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) },
            "a variable has a name"
        )
        try require(
            !program.outputs.contains { $0.isEmpty || $0.utf8.first == UInt8(ascii: "/") },
            "a pattern is relative"
        )
    }

    private func checkCases() throws(PropertyViolation) {
        guard let cases = submission.tests?.cases else { return }
        try require((1...1_000).contains(cases.count), "the cases are bounded")
        try require(
            Set(cases.map { Array($0.name.utf8) }).count == cases.count,
            "each case has a name of its own"
        )
        let files = program.files.reduce(0) { $0 + $1.content.count }
        try require(
            cases.reduce(0) { $0 + files + $1.stdin.count } <= 1 << 30,
            "what all cases are given is bounded"
        )
        for testCase in cases {
            try require(
                (1...128).contains(testCase.name.utf8.count)
                    && !testCase.name.unicodeScalars.contains {
                        $0.properties.generalCategory == .control
                    },
                "the name of a case can be shown"
            )
            try require(
                ByteCount(testCase.expectedStdout?.count ?? 0) <= program.limits.stdout,
                "what is expected can be given"
            )
            if case .numbers(let tolerance) = testCase.comparison {
                try require(tolerance.isFraction, "a tolerance is a number from 0 to 1")
            }
            try require(
                (0...1_000_000).contains(testCase.points ?? 0),
                "the points of a case are bounded"
            )
            let run = program.running(testCase)
            try require(
                testCase.files.isEmpty || run.files.count <= 1_000,
                "the files of a case are bounded with those of its program"
            )
            var tree = InputTree()
            try require(
                !run.files.contains { tree.insert($0.path) != nil },
                "no two files of a case want one place"
            )
            try Self.checkRun(run)
        }
    }

    private func checkSizes() throws(PropertyViolation) {
        let content = program.files.reduce(program.stdin.count) { $0 + $1.content.count }
        try require(content <= message.body.count, "content is no longer than its request")
        let arguments = program.arguments + program.environment.flatMap { [$0.key, $0.value] }
        // Beside them are the entrypoint, which the limit includes, and the interpreter's own.
        let others = program.entrypoint.utf8.count + 512
        try require(
            arguments.reduce(others) { $0 + $1.utf8.count + 1 } <= FrameLimits.arguments,
            "arguments and environment are what the agent takes"
        )
        try require(
            submission.labels.count <= 64 && program.outputs.count <= 100
                && program.files.count <= 1_001,
            "the lists are bounded"
        )
        try require(
            program.outputs.reduce(0) { $0 + $1.utf8.count } <= 4_096,
            "the patterns are bounded together"
        )
    }

    private func checkRun() throws(PropertyViolation) {
        try Self.checkRun(program)
    }

    /// What was accepted can be told to the agent, which reads it as it was meant.
    private static func checkRun(_ program: Program) throws(PropertyViolation) {
        let input = RunInput(program, token: 1, killsOnExcessOutput: false)
        var decoder = FrameDecoder()
        for piece in input.prefix(1) { decoder.append(piece) }
        let command: Command?
        do throws(FrameError) {
            command = try decoder.next().map(Command.init)
        } catch {
            throw PropertyViolation("the agent reads a run, and not \(error)")
        }
        guard case .run(let run)? = command else { throw PropertyViolation("a run comes first") }
        try require(
            run.entrypoint.utf8.elementsEqual(program.entrypoint.utf8)
                && run.arguments == program.arguments
                && run.files.map(\.path) == program.files.map(\.path)
                && run.outputs == program.outputs.map { OutputPattern($0)?.alternatives },
            "the agent is told what was asked for"
        )
        if case .command(let command) = run.start {
            try require(
                command.last.map { ![0x2D, 0x40].contains($0.utf8.first) } ?? false,
                "no entrypoint is an option"
            )
        }
        if case .built(let build, _) = run.start {
            try require(
                !build.command.contains("@") && build.command.dropLast().last?.utf8.first != 0x2D
                    && build.command.dropLast().last?.utf8.first != 0x40,
                "no source is an option"
            )
        }
    }
}
