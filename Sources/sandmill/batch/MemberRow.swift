import Foundation
import SandmillEntity
import SandmillService

/// A member of a batch as a table or a report shows it; what strangers wrote is printable.
struct MemberRow: Equatable, Sendable {
    /// What it is called: its input, its program, all of its labels, or its id.
    let name: String
    let id: UUID
    let verdict: MemberVerdict
    /// Its state; nil when it has none.
    let state: ExecutionState?
    let reason: String?
    let exitCode: Int64?
    let signal: Int64?
    /// How many cases were accepted, and how many there are; nil without cases.
    let score: Score?
    let wallSeconds: Double?
    let cpuSeconds: Double?
    let memory: ByteCount?
    let resultsPath: String?

    /// How many cases were accepted.
    struct Score: Equatable, Sendable {
        let accepted: Int
        let cases: Int
    }

    /// The row of a member that has ended.
    init(_ end: FinishedEvent) {
        let document = end.fields
        name = Self.name(labels: document["labels"]) ?? end.id.text
        id = end.id
        verdict = MemberVerdict(document)
        state = end.state
        reason = end.reason
        exitCode = document["exit_code"]?.whole
        signal = document["signal"]?.whole
        if case .array(let cases)? = document["cases"] {
            score = Score(
                accepted: cases.count { $0["verdict"]?.string == CaseVerdict.accepted.rawValue },
                cases: cases.count
            )
        } else {
            score = nil
        }
        wallSeconds = document["wall_seconds"]?.real
        cpuSeconds = document["cpu_seconds"]?.real
        memory = document["memory_peak_bytes"]?.whole.map(ByteCount.init)
        resultsPath = document["results_path"]?.string
    }

    /// The row of a member that has not ended, or never will.
    init(id: UUID, labels: JSONValue?, verdict: MemberVerdict) {
        name = Self.name(labels: labels) ?? id.text
        self.id = id
        self.verdict = verdict
        (state, reason, exitCode, signal, score) = (nil, nil, nil, nil, nil)
        (wallSeconds, cpuSeconds, memory, resultsPath) = (nil, nil, nil, nil)
    }

    /// Whether the member did all it should.
    var succeeded: Bool { state == .succeeded }

    private static func name(labels: JSONValue?) -> String? {
        guard case .object(let labels)? = labels, !labels.isEmpty else { return nil }
        let own = labels[BatchLabel.input] ?? labels[BatchLabel.program]
        if let name = own?.string, !name.isEmpty { return name.printable }
        return labels.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value.string ?? "")".printable }
            .joined(separator: " ")
    }
}

extension [MemberRow] {
    /// The rows by name, numbers by their value, and of one name by id.
    var inOrder: [MemberRow] {
        sorted { first, second in
            first.name == second.name
                ? first.id.text < second.id.text : String.precedes(first.name, second.name)
        }
    }

    /// The rows as a table for a terminal of so many columns.
    func table(width: Int?) -> [[String]] {
        let name = Swift.min(map(\.name.count).max() ?? 0, 40)
        let figures = 24
        let verdict = width.map { Swift.max($0 - name - figures, 20) } ?? .max
        return [["program", "verdict", "time", "memory"]]
            + map { row in
                [
                    row.name.cut(to: 40),
                    row.verdict.words.cut(to: verdict),
                    row.wallSeconds.map { String(format: "%.3f s", $0) } ?? "-",
                    row.memory?.shown ?? "-",
                ]
            }
    }

    /// How many there are of each kind, on one line, the most frequent first.
    var summary: String {
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

extension JSONValue {
    fileprivate var whole: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    fileprivate var real: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
