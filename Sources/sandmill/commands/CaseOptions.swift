import ArgumentParser
import SandmillClient
import SandmillEntity
import SandmillService

/// The test cases of a request, as flags.
struct CaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Runs it once for each case: a directory of NAME.in, NAME.out and so on, or a JSON array.",
            valueName: "directory|file.json"
        ),
        completion: .file()
    )
    var cases: String?

    @Option(
        help: ArgumentHelp(
            "How output is compared: exact, lines, tokens or float:TOLERANCE (default: lines).",
            valueName: "way"
        )
    )
    var compare: String?

    @Option(
        help: ArgumentHelp(
            "What a wrong answer tells of itself: none, position or difference (default: position).",
            valueName: "what"
        ),
        completion: .list(Reveal.allCases.map(\.rawValue))
    )
    var reveal: String?

    @Flag(help: "Skips the cases behind the first that is not accepted.")
    var stopOnFirstFailure = false

    func validate() throws {
        if let compare, OutputComparison(compare) == nil {
            throw ValidationError("--compare is \(OutputComparison.rule).")
        }
        if let reveal, Reveal(rawValue: reveal) == nil {
            throw ValidationError("--reveal is none, position or difference.")
        }
        if cases == nil, compare != nil || stopOnFirstFailure || reveal != nil {
            throw ValidationError("--compare, --reveal and --stop-on-first-failure need --cases.")
        }
    }

    /// The cases as a request has them; nil when none are asked for.
    func read() throws -> [JSONValue]? {
        try cases.map { try CaseSource($0).cases(comparison: compare) }
    }

    /// Gives a request the cases that ``read()`` returned.
    func apply(_ cases: [JSONValue]?, to draft: inout RequestDraft) {
        draft.cases = cases
        if cases != nil, stopOnFirstFailure { draft.stopsOnFirstFailure = true }
        draft.reveal = reveal
    }
}
