internal import FoundationEssentials
internal import SandmillEntity

/// What became of a member of a batch, in words for a person.
public struct MemberVerdict: Equatable, Sendable {
    /// The kind, under which a summary counts it.
    public let kind: String
    /// All of it; what a program wrote is printable.
    public let words: String

    /// The verdict of a member that is a dead letter.
    public static func refused(_ reason: String) -> MemberVerdict {
        MemberVerdict(kind: "refused", words: "refused: \(reason.printable)")
    }

    /// The verdict of what is no member of the batch.
    static func notRun(_ reason: String) -> MemberVerdict {
        MemberVerdict(kind: "not run", words: "not run: \(reason.printable)")
    }

    /// The verdict of a member that nobody has seen the end of.
    public static let pending = MemberVerdict(kind: "not ended", words: "not ended")

    private init(kind: String, words: String) {
        self.kind = kind
        self.words = words
    }

    /// Tells of a result; the words for a later version's states and reasons are its own.
    init(_ result: RecordedResult) {
        let end = ProgramEnding(result.state, result.ending.reason, of: result.ending)
        guard let cases = result.cases else {
            self.init(kind: end.kind, words: end.words)
            return
        }
        let accepted = cases.count { $0.verdict?.known == .accepted }
        let score = "\(accepted)/\(cases.count)"
        guard result.state.known != .succeeded else {
            self.init(kind: "accepted", words: "accepted \(score)")
            return
        }
        // The document's own reason is that of the first case which was not accepted; a program that
        // could not be built, and one that somebody ended, has none.
        let decider = cases.firstIndex { ![.accepted, .skipped].contains($0.verdict?.known) }
        guard let decider, result.ending.reason?.known != .compileError,
            result.state.known != .cancelled
        else {
            self.init(kind: end.kind, words: end.words)
            return
        }
        let deciding = ProgramEnding(
            result.state,
            result.ending.reason,
            of: cases[decider].ending
        )
        self.init(
            kind: deciding.kind,
            words: deciding.summary + Self.place(decider, cases[decider])
                + (cases[decider].difference.map { ", \($0.place)" } ?? "")
                + ", \(score) accepted" + deciding.explanation
                + (cases[decider].difference?.comparison.map { ": \($0)" } ?? "")
        )
    }

    private static func place(_ index: Int, _ testCase: RecordedResult.Case) -> String {
        let name = testCase.name
        let isTelling = !name.isEmpty && name != String(index + 1)
        return " in case \(index + 1)" + (isTelling ? " (\(name.printable.cut(to: 40)))" : "")
    }
}

/// How a program ended, without the case in which it did.
private struct ProgramEnding {
    private static let longestLine = 120

    let kind: String
    /// What happened.
    let summary: String
    /// What the program, or its compiler, said about it, behind a colon; nothing if it said nothing.
    let explanation: String

    var words: String { summary + explanation }

    /// - Parameters:
    ///   - state: The state of the execution.
    ///   - reason: Its reason.
    ///   - source: The figures and the output of all of it, or of one of its cases.
    init(
        _ state: RecordedResult.Word<ExecutionState>,
        _ reason: RecordedResult.Word<Outcome.Reason>?,
        of source: RecordedResult.Ending
    ) {
        var explanation = ""
        let word = reason.map(\.rawValue.printable)
        switch (state.known, reason?.known) {
        case (.succeeded, _):
            (kind, summary) = ("succeeded", "succeeded")
        case (.failed, .wrongAnswer):
            kind = "wrong answer"
            let isCut = source.reason?.known == .stdout
            summary = isCut ? "wrong answer (too long to be compared)" : "wrong answer"
        case (.failed, .compileError):
            (kind, summary) = ("compile error", "compile error")
            explanation = Self.firstError(of: source)
        case (.failed, .signal):
            kind = "killed by signal"
            summary = "killed by signal \(source.signal.map(String.init) ?? "?")"
        case (.failed, .exitCode):
            kind = "exit code"
            summary = "exit code \(source.exitCode.map(String.init) ?? "?")"
            explanation = Self.lastLine(of: source)
        case (.timedOut, _):
            kind = "timed out"
            summary = "timed out (\(word ?? "?"))"
        case (.outOfMemory, _):
            (kind, summary) = ("out of memory", "out of memory")
        case (.outputExceeded, _):
            kind = "too much output"
            summary = "too much output (\(word ?? "?"))"
        case (.cancelled, _):
            kind = "cancelled"
            summary = "cancelled" + (word.map { " (\($0))" } ?? "")
        case (.expired, _):
            (kind, summary) = ("expired", "expired before it started")
        case (.errored, _):
            kind = "our fault"
            summary = "our fault (\(word ?? "?"))"
        case (.failed, _), (.queued, _), (.running, _), (nil, _):
            kind = state.rawValue.printable
            summary = kind + (word.map { " (\($0))" } ?? "")
        }
        self.explanation = explanation
    }

    private static func lastLine(of source: RecordedResult.Ending) -> String {
        let lines = source.stderr?.preview?.split(whereSeparator: \.isNewline) ?? []
        // Of more than a preview holds, the last line is none of those.
        guard !isCut(source), let line = lines.last(where: { !$0.allSatisfy(\.isWhitespace) })
        else {
            return ""
        }
        return ": " + String(line).printable.cut(to: longestLine)
    }

    private static func isCut(_ source: RecordedResult.Ending) -> Bool {
        guard let bytes = source.stderr?.bytes else { return true }
        return bytes > ByteCount(source.stderr?.preview?.utf8.count ?? 0)
    }

    private static func firstError(of source: RecordedResult.Ending) -> String {
        let lines = source.stderr?.preview?.split(whereSeparator: \.isNewline) ?? []
        guard let line = lines.first(where: { $0.contains("error") }) else { return "" }
        return ": " + String(line).printable.cut(to: longestLine)
    }
}

extension OutputDifference {
    /// Where it is, in words.
    var place: String { "line \(line), column \(column)" }

    /// What was expected and what came, in words; nil where that is not told.
    var comparison: String? {
        guard expected != nil || got != nil else { return nil }
        let wanted = expected.map { "\"\($0.printable)\"" } ?? "the end"
        let came = got.map { "\"\($0.printable)\"" } ?? "the end"
        return "expected \(wanted), got \(came)"
    }
}
