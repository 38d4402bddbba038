import SandmillEntity
import SandmillService

/// What became of a member of a batch, in words for a person.
struct MemberVerdict: Equatable {
    /// The kind, under which a summary counts it.
    let kind: String
    /// All of it; what a program wrote is printable.
    let words: String

    /// The verdict of a member that is a dead letter.
    static func refused(_ reason: String) -> MemberVerdict {
        MemberVerdict(kind: "refused", words: "refused: \(reason.printable)")
    }

    /// The verdict of a member that nobody has seen the end of.
    static let pending = MemberVerdict(kind: "not ended", words: "not ended")

    private init(kind: String, words: String) {
        self.kind = kind
        self.words = words
    }

    /// Reads a result document; the words for a later version's states and reasons are its own.
    init(_ document: JSONValue) {
        let state = document["state"]?.string ?? ""
        let reason = document["reason"]?.string
        guard case .array(let cases)? = document["cases"] else {
            let end = ProgramEnding(state: state, reason: reason, of: document)
            self.init(kind: end.kind, words: end.words)
            return
        }
        let accepted = cases.count { $0["verdict"]?.string == CaseVerdict.accepted.rawValue }
        let score = "\(accepted)/\(cases.count)"
        guard state != ExecutionState.succeeded.rawValue else {
            self.init(kind: "accepted", words: "accepted \(score)")
            return
        }
        // The document's own reason is that of the first case which was not accepted; a program that
        // could not be built, and one that somebody ended, has none.
        let decider = cases.firstIndex { testCase in
            ![CaseVerdict.accepted.rawValue, CaseVerdict.skipped.rawValue].contains(
                testCase["verdict"]?.string
            )
        }
        guard let decider, reason != Outcome.Reason.compileError.rawValue,
            state != ExecutionState.cancelled.rawValue
        else {
            let end = ProgramEnding(state: state, reason: reason, of: document)
            self.init(kind: end.kind, words: end.words)
            return
        }
        let end = ProgramEnding(state: state, reason: reason, of: cases[decider])
        self.init(
            kind: end.kind,
            words: end.summary + Self.place(decider, cases[decider]) + ", \(score) accepted"
                + end.explanation
        )
    }

    private static func place(_ index: Int, _ testCase: JSONValue) -> String {
        let name = testCase["name"]?.string ?? ""
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
    ///   - source: Where its figures and its output stand: its document, or one of its cases.
    init(state: String, reason: String?, of source: JSONValue) {
        var explanation = ""
        switch (ExecutionState(rawValue: state), reason.flatMap(Outcome.Reason.init(rawValue:))) {
        case (.succeeded, _):
            (kind, summary) = ("succeeded", "succeeded")
        case (.failed, .wrongAnswer):
            kind = "wrong answer"
            let isCut = source["reason"]?.string == Outcome.Reason.stdout.rawValue
            summary = isCut ? "wrong answer (too long to be compared)" : "wrong answer"
        case (.failed, .compileError):
            (kind, summary) = ("compile error", "compile error")
            explanation = Self.firstError(of: source)
        case (.failed, .signal):
            kind = "killed by signal"
            summary = "killed by signal \(source.whole("signal"))"
        case (.failed, .exitCode):
            kind = "exit code"
            summary = "exit code \(source.whole("exit_code"))"
            explanation = Self.lastLine(of: source)
        case (.timedOut, _):
            kind = "timed out"
            summary = "timed out (\(reason ?? "?"))"
        case (.outOfMemory, _):
            (kind, summary) = ("out of memory", "out of memory")
        case (.outputExceeded, _):
            kind = "too much output"
            summary = "too much output (\(reason ?? "?"))"
        case (.cancelled, _):
            kind = "cancelled"
            summary = "cancelled" + (reason.map { " (\($0))" } ?? "")
        case (.expired, _):
            (kind, summary) = ("expired", "expired before it started")
        case (.errored, _):
            kind = "our fault"
            summary = "our fault (\(reason ?? "?"))"
        case (.failed, _), (.queued, _), (.running, _), (nil, _):
            kind = state.printable
            summary = state.printable + (reason.map { " (\($0.printable))" } ?? "")
        }
        self.explanation = explanation
    }

    private static func lastLine(of source: JSONValue) -> String {
        let lines = source["stderr"]?["preview"]?.string?.split(whereSeparator: \.isNewline) ?? []
        // Of more than a preview holds, the last line is none of those.
        guard !isCut(source), let line = lines.last(where: { !$0.allSatisfy(\.isWhitespace) })
        else {
            return ""
        }
        return ": " + String(line).printable.cut(to: longestLine)
    }

    private static func isCut(_ source: JSONValue) -> Bool {
        guard case .integer(let bytes)? = source["stderr"]?["bytes"] else { return true }
        return bytes > Int64(source["stderr"]?["preview"]?.string?.utf8.count ?? 0)
    }

    private static func firstError(of source: JSONValue) -> String {
        let lines = source["stderr"]?["preview"]?.string?.split(whereSeparator: \.isNewline) ?? []
        guard let line = lines.first(where: { $0.contains("error") }) else { return "" }
        return ": " + String(line).printable.cut(to: longestLine)
    }
}

extension JSONValue {
    /// A whole number of an object, as text.
    fileprivate func whole(_ field: String) -> String {
        guard case .integer(let number)? = self[field] else { return "?" }
        return String(number)
    }
}
