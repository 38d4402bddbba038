internal import SandmillEntity

/// What running a program came to, once or for each case.
struct RunResult: Sendable {
    var outcome: Outcome
    /// Its figures; nil when there was no program to run.
    var figures: Figures?
    var build: ResultDocument.Build?
    var stdout: ResultDocument.StreamSummary
    var stderr: ResultDocument.StreamSummary
    var files: [OutputFile]
    var skipped: [SkippedFile]
    /// What was asked for and is not there; with cases, what is in none of them.
    var missing: [String]
    /// The cases; nil where the request has none.
    var cases: [CaseResult]?
    /// The case whose streams are the attempt's; nil where the request has none.
    var decider: Int?
    /// Whether the sandbox can be used again.
    var isClean: Bool

    /// What the kernel counted.
    struct Figures: Sendable {
        var wall: Duration
        var cpu: Duration
        var memoryPeak: ByteCount

        /// Those of this run and another together.
        func adding(_ other: Figures) -> Figures {
            Figures(
                wall: wall + other.wall,
                cpu: cpu + other.cpu,
                memoryPeak: max(memoryPeak, other.memoryPeak)
            )
        }
    }

    /// The end of one run of `program`, whose output is summed up in `summary`.
    init(
        of program: Program,
        _ report: SandboxReport,
        _ summary: ResultSummary,
        killsOnExcessOutput: Bool,
        previewLength: Int = ResultDocument.StreamSummary.previewLength
    ) {
        outcome = Outcome(
            of: report.exit,
            within: program.limits,
            isBuilt: report.isBuilt,
            filesExceeded: killsOnExcessOutput && summary.exceedsFileLimits
        )
        if report.isBuilt {
            figures = Figures(
                wall: report.exit.wall,
                cpu: report.exit.cpu,
                memoryPeak: report.exit.memoryPeak
            )
        }
        stdout = summary.stdout.described(total: report.exit.stdout, length: previewLength)
        stderr = summary.stderr.described(total: report.exit.stderr, length: previewLength)
        missing = report.missing
        files = summary.files
        skipped = summary.skipped
        let errors = stderr
        build = report.build.map { exit in
            // The words of a compiler that has failed are the output.
            let output = ResultSummary.Stream(
                stored: ByteCount(report.buildOutput.count),
                head: report.buildOutput
            )
            return ResultDocument.Build(
                exit,
                output: report.isBuilt
                    ? output.described(total: exit.stderr, length: previewLength) : errors
            )
        }
        isClean = report.isClean
    }

    /// Tells of it in a document.
    func describe(in document: inout ResultDocument) {
        document.wallSeconds = figures?.wall.roundedSeconds
        document.cpuSeconds = figures?.cpu.roundedSeconds
        document.memoryPeakBytes = figures?.memoryPeak
        document.build = build
        document.stdout = stdout
        document.stderr = stderr
        document.files = files
        document.skipped = skipped
        document.missing = missing
        document.cases = cases
        if let cases { document.score = TestPlan.sum(of: cases.map(\.score)) }
    }
}

extension CaseResult {
    /// Describes a case that ended so, but for what a wrong answer may tell of itself.
    init(_ testCase: TestCase, _ end: RunResult, _ judgement: CaseJudgement) {
        self.init(skipping: testCase)
        verdict = judgement.verdict
        if verdict == .accepted { score = points }
        reason = judgement.reason
        exitCode = end.outcome.exitCode
        signal = end.outcome.signal
        wallSeconds = end.figures?.wall.roundedSeconds
        cpuSeconds = end.figures?.cpu.roundedSeconds
        memoryPeakBytes = end.figures?.memoryPeak
        stdout = end.stdout
        stderr = end.stderr
        files = end.files
        skipped = end.skipped
    }
}

extension ResultDocument.Build {
    fileprivate init(_ exit: ProgramExit, output: ResultDocument.StreamSummary) {
        self.init(
            output: output,
            wallSeconds: exit.wall.roundedSeconds,
            cpuSeconds: exit.cpu.roundedSeconds,
            memoryPeakBytes: exit.memoryPeak
        )
    }
}

extension ResultSummary {
    fileprivate var exceedsFileLimits: Bool {
        skipped.contains { $0.reason == .tooLarge || $0.reason == .tooMany }
    }
}

extension ResultSummary.Stream {
    /// The stream as documents tell it.
    ///
    /// A U+0000 becomes U+FFFD too: jsonb cannot hold one. A replacement may be longer than what
    /// it replaces, so the text is cut once more. Where it is cut, a character that is not whole is
    /// left out.
    func described(total: ByteCount, length: Int) -> ResultDocument.StreamSummary {
        var shown = head.prefix(length)
        if ByteCount(shown.count) < total { shown = shown.droppingCutCharacter() }
        let text = String(decoding: shown, as: UTF8.self)
            .replacing("\0", with: "\u{FFFD}")
        var room = length
        let preview = text.unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return ResultDocument.StreamSummary(
            bytes: total,
            storedBytes: stored,
            preview: String(preview)
        )
    }
}

extension ArraySlice<UInt8> {
    /// The bytes without a character at their end of which some are missing (RFC 3629, section 3).
    fileprivate func droppingCutCharacter() -> Self {
        for (count, byte) in zip(1..., suffix(3).reversed()) where byte & 0xC0 != 0x80 {
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > count ? dropLast(count) : self
        }
        return self
    }
}

extension Duration {
    /// Seconds to the microsecond.
    fileprivate var roundedSeconds: Double {
        (self / .microseconds(1)).rounded() / 1_000_000
    }
}
