/// What our reader refuses although the schema accepts it, and why the schema cannot know.
struct ReaderOnlyRule: Sendable {
    /// What the refusal says.
    let message: String
    /// Why it is no rule of the schema's.
    let reason: String
    /// A request that is refused by this rule alone.
    let example: String

    private init(_ message: String, because reason: String, _ example: String) {
        self.message = message
        self.reason = reason
        self.example = example
    }

    /// All of them.
    static let all = [
        ReaderOnlyRule(
            "is there twice",
            because: "uniqueItems compares whole files, not their paths",
            #"{"source": "", "files": [{"path": "main.py", "text": ""}]}"#
        ),
        ReaderOnlyRule(
            "is a directory of another file",
            because: "it takes two paths to see",
            request(#""files": [{"path": "a/b", "text": ""}, {"path": "a", "text": ""}]"#)
        ),
        ReaderOnlyRule(
            "is a file, so it has no files below it",
            because: "it takes two paths to see",
            request(#""files": [{"path": "a", "text": ""}, {"path": "a/b", "text": ""}]"#)
        ),
        ReaderOnlyRule(
            "there is neither a \"source\" nor a file",
            because: "the entrypoint is one field and a file's path another",
            #"{"files": [{"path": "a.py", "text": ""}]}"#
        ),
        ReaderOnlyRule(
            "not above 0 and at most",
            because: "the maximum is the pool's",
            request(#""limits": {"wall_seconds": 301}"#)
        ),
        ReaderOnlyRule(
            "not between 1 and",
            because: "the maximum is the pool's",
            request(#""limits": {"processes": 129}"#)
        ),
        ReaderOnlyRule(
            "this pool runs",
            because: "which runtimes there are is configuration",
            request(#""runtime": "ruby""#)
        ),
        ReaderOnlyRule(
            "the execution itself",
            because: "its id is a property of the message",
            request(#""supersedes": "\#(Reader.id)""#)
        ),
        ReaderOnlyRule(
            "above the longest time",
            because: "the longest is configuration",
            request(#""retain": "91d""#)
        ),
        ReaderOnlyRule(
            "another case is called so",
            because: "uniqueItems compares whole cases, not their names",
            request(#""cases": [{"name": "1"}, {}]"#)
        ),
        ReaderOnlyRule(
            "is the program that is started",
            because: "the entrypoint is one field and a case's file another",
            request(#""cases": [{"files": [{"path": "main.py", "text": ""}]}]"#)
        ),
        ReaderOnlyRule(
            "with those of the program",
            because: "a schema does not add",
            request(
                "\"files\": [\(files("a", 600))], \"cases\": [{\"files\": [\(files("b", 600))]}]"
            )
        ),
        ReaderOnlyRule(
            "not exact, lines, tokens or float:",
            because: "a pattern does not compare numbers",
            request(#""cases": [{"compare": "float:1.5"}]"#)
        ),
        ReaderOnlyRule(
            "bytes of standard output that are kept",
            because: "how many are kept is another field, or the pool's",
            request(#""limits": {"stdout_bytes": 1}, "cases": [{"expected_stdout": "12"}]"#)
        ),
        ReaderOnlyRule(
            "of output: ask for lower limits",
            because: "a schema does not multiply",
            request("\"cases\": [\(list(of: 1_000, "{}"))]")
        ),
        ReaderOnlyRule(
            "the files and the standard input of all cases are above",
            because: "a schema does not multiply",
            request(
                #"""
                "limits": {"stdout_bytes": 1, "stderr_bytes": 1},
                "files": [{"path": "a", "text": "\#(text(of: 1_100_000))"}],
                "cases": [\#(list(of: 1_000, "{}"))]
                """#
            )
        ),
        ReaderOnlyRule(
            "arguments and environment are above",
            because: "a schema does not add",
            request(#""args": ["\#(text(of: 122_880))"]"#)
        ),
        ReaderOnlyRule(
            "their paths are above",
            because: "a schema does not add",
            request("\"files\": [\(longPaths)]")
        ),
        ReaderOnlyRule(
            "above 4096 bytes together",
            because: "a schema does not add",
            request("\"outputs\": [\(list(of: 5, "\"\(text(of: 1_000))\""))]")
        ),
        ReaderOnlyRule(
            "not a relative path of at most",
            because: "a schema counts characters, and a file system bytes",
            request("\"files\": [{\"path\": \"\(text(of: 200, "é"))\", \"text\": \"\"}]")
        ),
        ReaderOnlyRule(
            "not a relative pattern of 1 to 1024 bytes",
            because: "a schema counts characters",
            request("\"outputs\": [\"\(text(of: 600, "é"))\"]")
        ),
        ReaderOnlyRule(
            "a name above 128 bytes or a value above 1024 bytes",
            because: "a schema counts characters",
            request("\"labels\": {\"a\": \"\(text(of: 600, "é"))\"}")
        ),
        ReaderOnlyRule(
            "not 1 to 128 bytes without control characters",
            because: "a schema counts characters",
            request("\"cases\": [{\"name\": \"\(text(of: 100, "é"))\"}]")
        ),
        ReaderOnlyRule(
            "an object has a field twice",
            because: "a schema sees the one that is left",
            #"{"source": "", "source": ""}"#
        ),
        ReaderOnlyRule(
            "more than 100000 values",
            because: "a schema does not add",
            request(
                "\"cases\": [\(list(of: 11, "{\"args\": [\(list(of: 10_000, "\"\""))]}"))]"
            )
        ),
    ]

    /// A member of a batch is a request with what the batch adds.
    static func explains(_ refusal: Reader.Refusal) -> Bool {
        all.contains { refusal.message.contains($0.message) }
    }

    private static func files(_ prefix: String, _ count: Int) -> String {
        (0..<count).map { #"{"path": "\#(prefix)\#($0)", "text": ""}"# }.joined(separator: ",")
    }

    private static var longPaths: String {
        let directory = "\(text(of: 250))/"
        return (0..<300).map { index in
            #"{"path": "\#(directory)\#(directory)\#(directory)\#(text(of: 200))\#(index)", "text": ""}"#
        }.joined(separator: ",")
    }

    private static func request(_ fields: String) -> String { "{\"source\": \"\", \(fields)}" }

    private static func list(of count: Int, _ element: String) -> String {
        Array(repeating: element, count: count).joined(separator: ",")
    }

    private static func text(of count: Int, _ character: String = "x") -> String {
        String(repeating: character, count: count)
    }
}
