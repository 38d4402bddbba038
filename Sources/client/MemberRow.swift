public import Foundation
public import SandmillEntity

/// A member of a batch as a table or a report shows it; what strangers wrote is printable.
public struct MemberRow: Equatable, Sendable {
    /// What it is called: its input, its program, all of its labels, or its id.
    public let name: String
    /// The execution; nil for what is no member.
    public let id: UUID?
    /// What became of it.
    public let verdict: MemberVerdict
    /// Its state; nil when it has none.
    public let state: String?
    /// Why.
    public let reason: String?
    /// The program's exit code.
    public let exitCode: Int?
    /// The signal that killed it.
    public let signal: Int?
    /// How many cases were accepted, and how many there are; nil without cases.
    public let score: Score?
    /// What they earned, and what they are worth; nil without points.
    public let points: Points?
    /// The cases.
    public let cases: [Case]
    /// Real time, in seconds.
    public let wallSeconds: Double?
    /// User and system time, in seconds.
    public let cpuSeconds: Double?
    /// The most memory that it held at once.
    public let memory: ByteCount?
    /// The directory with its files, below the results root.
    public let resultsPath: String?

    /// How many cases were accepted.
    public struct Score: Equatable, Sendable {
        let accepted: Int
        let cases: Int
    }

    /// What the cases earned.
    public struct Points: Equatable, Sendable {
        let earned: Double
        let possible: Double
    }

    /// A case of it.
    public struct Case: Equatable, Sendable {
        let name: String
        /// A ``CaseVerdict``, or a word of a later version.
        let verdict: String
        /// Why, and where a wrong answer is wrong.
        let explanation: String
        let points: Points?
        let wallSeconds: Double?
    }

    /// The row of a member that has ended.
    init(_ result: RecordedResult) {
        name = Self.name(labels: result.labels) ?? result.id.text
        id = result.id
        verdict = MemberVerdict(result)
        state = result.state.rawValue
        reason = result.ending.reason?.rawValue
        exitCode = result.ending.exitCode
        signal = result.ending.signal
        score = result.cases.map { cases in
            Score(
                accepted: cases.count { $0.verdict?.known == .accepted },
                cases: cases.count
            )
        }
        points = Points(result.score, of: result.points)
        cases = (result.cases ?? []).map(Case.init)
        wallSeconds = result.ending.wallSeconds
        cpuSeconds = result.ending.cpuSeconds
        memory = result.ending.memoryPeak
        resultsPath = result.resultsPath
    }

    /// The row of a member that has not ended, or never will.
    init(id: UUID, labels: [String: String], verdict: MemberVerdict) {
        name = Self.name(labels: labels) ?? id.text
        self.id = id
        self.verdict = verdict
        (state, reason, exitCode, signal, score) = (nil, nil, nil, nil, nil)
        (points, cases) = (nil, [])
        (wallSeconds, cpuSeconds, memory, resultsPath) = (nil, nil, nil, nil)
    }

    /// The row of what is no member of the batch, and why.
    public init(_ leftOut: ProgramDirectory.LeftOut) {
        name = leftOut.name.printable
        id = nil
        verdict = .notRun(leftOut.reason)
        (state, reason, exitCode, signal, score) = (nil, nil, nil, nil, nil)
        (points, cases) = (nil, [])
        (wallSeconds, cpuSeconds, memory, resultsPath) = (nil, nil, nil, nil)
    }

    /// What it earned in a few characters: points, or else the cases that were accepted.
    var mark: String {
        if let points { return "\(points.earned.shown)/\(points.possible.shown)" }
        return score.map { "\($0.accepted)/\($0.cases)" } ?? "-"
    }

    private static func name(labels: [String: String]) -> String? {
        guard !labels.isEmpty else { return nil }
        let own = labels[BatchLabel.input] ?? labels[BatchLabel.program]
        if let own, !own.isEmpty { return own.printable }
        return labels.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)".printable }
            .joined(separator: " ")
    }
}

extension [MemberRow] {
    /// The rows by name, numbers by their value, and of one name by id.
    public var inOrder: [MemberRow] {
        sorted { first, second in
            first.name == second.name
                ? first.id?.text ?? "" < second.id?.text ?? ""
                : String.precedes(first.name, second.name)
        }
    }

    /// The rows as a table for a terminal of so many columns; what is said of a member is cut to fit.
    public func table(width: Int?) -> [[String]] {
        let longest = Swift.min(map(\.name.count).max() ?? 0, width.map { $0 / 4 } ?? 40)
        let name = Swift.max(longest, "program".count)
        let mark = Swift.max(map(\.mark.count).max() ?? 0, "score".count)
        let figures = 24
        let verdict = width.map { Swift.max($0 - name - mark - figures, 20) } ?? .max
        return [["program", "score", "verdict", "time", "memory"]]
            + map { row in
                [
                    row.name.cut(to: name),
                    row.mark,
                    row.verdict.words.cut(to: verdict),
                    row.wallSeconds.map { String(format: "%.3f s", $0) } ?? "-",
                    row.memory?.shown ?? "-",
                ]
            }
    }

    /// How many there are of each kind, on one line, the most frequent first.
    public var summary: String {
        var counts: [String: Int] = [:]
        for row in self { counts[row.verdict.kind, default: 0] += 1 }
        let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }
        return "\(count) in all: " + kinds.joined(separator: ", ")
    }
}

extension ByteCount {
    /// For a person, in mebibytes.
    fileprivate var shown: String { String(format: "%.1f MiB", Double(bytes) / 1_048_576) }
}

extension MemberRow.Points {
    /// What was earned, of what there was; nil where either is not told.
    fileprivate init?(_ earned: Double?, of possible: Double?) {
        guard let earned, let possible else { return nil }
        self.init(earned: earned, possible: possible)
    }
}

extension MemberRow.Case {
    fileprivate init(_ result: RecordedResult.Case) {
        name = result.name.printable
        verdict = result.verdict?.rawValue.printable ?? ""
        explanation =
            [
                result.ending.reason?.rawValue.printable, result.difference?.place,
                result.difference?.comparison,
            ].compactMap(\.self).joined(separator: ", ")
        points = MemberRow.Points(result.score, of: result.points)
        wallSeconds = result.ending.wallSeconds
    }
}

extension Double {
    /// The number with no more digits than it needs.
    var shown: String { self == rounded() ? String(format: "%.0f", self) : description }
}
