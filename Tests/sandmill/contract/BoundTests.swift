import Testing

/// Every bound of a request and of a batch is the same for the schema and for our readers.
@Suite(.timeLimit(.minutes(5)))
struct BoundTests {
    /// What is counted, and how little and how much of it is good.
    struct Bound: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let lowest: Int
        let highest: Int
        /// The document with so much of it.
        let document: @Sendable (Int) -> String
        var isBatch = false
    }

    @Test(arguments: bounds)
    func bothHaveTheSame(bound: Bound) async throws {
        let schemas = try Schemas()
        let kind: Schemas.Document = bound.isBatch ? .batch : .request
        for count in [bound.lowest - 1, bound.lowest, bound.highest, bound.highest + 1]
        where count >= 0 {
            let text = bound.document(count)
            let isGood = (bound.lowest...bound.highest).contains(count)
            let refusal =
                bound.isBatch ? Reader.refusal(ofBatch: text) : Reader.refusal(ofRequest: text)
            #expect((refusal == nil) == isGood, "\(count)")
            let problems = try await schemas.problems(of: text, as: kind)
            #expect(problems.isEmpty == isGood, "\(count)")
        }
    }

    private static let bounds =
        [
            Bound(testDescription: "files", lowest: 0, highest: 1_000) {
                request("\"files\": [\(list($0) { #"{"path": "\#($0)", "text": ""}"# })]")
            },
            Bound(testDescription: "a path's components", lowest: 1, highest: 32) {
                file(at: Array(repeating: "a", count: $0).joined(separator: "/"))
            },
            Bound(testDescription: "a component's bytes", lowest: 1, highest: 255) {
                file(at: "a/" + text($0))
            },
            Bound(testDescription: "a path's bytes", lowest: 805, highest: 1_024) {
                file(at: $0 < 805 ? "" : list(4, "") { _ in text(200) + "/" } + text($0 - 804))
            },
            Bound(testDescription: "arguments", lowest: 0, highest: 10_000) {
                request("\"args\": [\(list($0) { _ in "\"\"" })]")
            },
            Bound(testDescription: "variables", lowest: 0, highest: 10_000) {
                request("\"env\": {\(list($0) { "\"\($0)\": \"\"" })}")
            },
            Bound(testDescription: "patterns", lowest: 0, highest: 100) {
                request("\"outputs\": [\(list($0) { _ in "\"a\"" })]")
            },
            Bound(testDescription: "a pattern's bytes", lowest: 1, highest: 1_024) {
                request("\"outputs\": [\"\(text($0))\"]")
            },
            Bound(testDescription: "labels", lowest: 0, highest: 64) {
                request("\"labels\": {\(list($0) { "\"\($0)\": \"\"" })}")
            },
            Bound(testDescription: "the bytes of a label's name", lowest: 0, highest: 128) {
                request("\"labels\": {\"\(text($0))\": \"\"}")
            },
            Bound(testDescription: "the bytes of a label", lowest: 0, highest: 1_024) {
                request("\"labels\": {\"a\": \"\(text($0))\"}")
            },
            Bound(testDescription: "a batch's size", lowest: 1, highest: 1_000_000) {
                request(#""batch": {"id": "\#(Reader.id)", "size": \#($0)}"#)
            },
            Bound(testDescription: "retries", lowest: 1, highest: 10) {
                request("\"retry\": {\"max\": \($0)}")
            },
        ] + cases + batches

    private static let cases = [
        Bound(testDescription: "cases", lowest: 1, highest: 1_000) {
            request(
                """
                "limits": {"stdout_bytes": 1, "stderr_bytes": 1},
                "cases": [\(list($0) { _ in "{}" })]
                """
            )
        },
        Bound(testDescription: "the bytes of a case's name", lowest: 1, highest: 128) {
            request("\"cases\": [{\"name\": \"\(text($0))\"}]")
        },
        Bound(testDescription: "the bytes of a comparison", lowest: 7, highest: 64) { count in
            request("\"cases\": [{\"compare\": \"float:\(text(count - 6, "0"))\"}]")
        },
        Bound(testDescription: "a case's arguments", lowest: 0, highest: 10_000) {
            request("\"cases\": [{\"args\": [\(list($0) { _ in "\"\"" })]}]")
        },
    ]

    private static let batches = [
        Bound(
            testDescription: "executions",
            lowest: 1,
            highest: 10_000,
            document: {
                #"{"defaults": {"source": ""}, "executions": [\#(list($0) { _ in "{}" })]}"#
            },
            isBatch: true
        ),
        Bound(
            testDescription: "executions that run at once",
            lowest: 1,
            highest: 1_000_000,
            document: { #"{"max_running": \#($0), "executions": [{"source": ""}]}"# },
            isBatch: true
        ),
    ]

    private static func request(_ fields: String) -> String { "{\"source\": \"\", \(fields)}" }

    private static func file(at path: String) -> String {
        request("\"files\": [{\"path\": \"\(path)\", \"text\": \"\"}]")
    }

    private static func list(
        _ count: Int,
        _ separator: String = ",",
        _ element: (Int) -> String
    ) -> String {
        (0..<count).map(element).joined(separator: separator)
    }

    private static func text(_ count: Int, _ character: String = "x") -> String {
        String(repeating: character, count: max(count, 0))
    }
}
