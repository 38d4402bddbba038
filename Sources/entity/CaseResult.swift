/// What is told of a case of a finished execution.
public struct CaseResult: Equatable, Sendable, Decodable {
    /// The case.
    public var name: String
    /// What became of it.
    public var verdict: CaseVerdict
    /// Why, see ``CaseJudgement/reason``.
    public var reason: Outcome.Reason?
    /// Where a wrong answer is wrong, as far as the request lets it be told.
    public var difference: OutputDifference?
    /// What it earned of its points: all, or none; nil where it has none.
    public var score: Double?
    /// What it is worth.
    public var points: Double?
    /// The first process's exit code.
    public var exitCode: Int?
    /// The signal that killed the first process.
    public var signal: Int?
    /// Real time, in seconds.
    public var wallSeconds: Double?
    /// User and system time, in seconds.
    public var cpuSeconds: Double?
    /// The most memory it held at once.
    public var memoryPeakBytes: ByteCount?
    /// Its standard output, in `cases/<n>/stdout`.
    public var stdout: ResultDocument.StreamSummary
    /// Its standard error, in `cases/<n>/stderr`.
    public var stderr: ResultDocument.StreamSummary
    /// The files kept, each in `cases/<n>/files/<path>`.
    public var files: [OutputFile]
    /// The files not kept.
    public var skipped: [SkippedFile]

    /// Describes a case that was not run: no figures, no output.
    public init(skipping testCase: TestCase) {
        name = testCase.name
        verdict = .skipped
        points = testCase.points
        score = points.map { _ in 0 }
        stdout = .empty
        stderr = .empty
        files = []
        skipped = []
    }

    /// How much of each stream's head each of so many cases may show, in bytes: 256 KiB in all, and
    /// at most what a single run shows.
    public static func previewLength(of cases: Int) -> Int {
        min(ResultDocument.StreamSummary.previewLength, (256 << 10) / (2 * cases))
    }
}

extension CaseResult: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name
        case verdict
        case reason
        case difference
        case score
        case points
        case exitCode = "exit_code"
        case signal
        case wallSeconds = "wall_seconds"
        case cpuSeconds = "cpu_seconds"
        case memoryPeakBytes = "memory_peak_bytes"
        case stdout
        case stderr
        case files
        case skipped
    }

    /// Writes every key, null where there is no value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(verdict, forKey: .verdict)
        try container.encode(reason, forKey: .reason)
        try container.encode(difference, forKey: .difference)
        try container.encode(score, forKey: .score)
        try container.encode(points, forKey: .points)
        try container.encode(exitCode, forKey: .exitCode)
        try container.encode(signal, forKey: .signal)
        try container.encode(wallSeconds, forKey: .wallSeconds)
        try container.encode(cpuSeconds, forKey: .cpuSeconds)
        try container.encode(memoryPeakBytes, forKey: .memoryPeakBytes)
        try container.encode(stdout, forKey: .stdout)
        try container.encode(stderr, forKey: .stderr)
        try container.encode(files, forKey: .files)
        try container.encode(skipped, forKey: .skipped)
    }
}

extension ResultDocument {
    /// All files kept; those of case `n` by their place in the results, `cases/<n>/files/<path>`.
    public var allFiles: [OutputFile] {
        files
            + (cases ?? []).enumerated().flatMap { index, result in
                result.files.map { file in
                    var placed = file
                    placed.path = "cases/\(index)/files/\(file.path)"
                    return placed
                }
            }
    }
}
