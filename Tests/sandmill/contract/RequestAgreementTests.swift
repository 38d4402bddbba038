import FoundationEssentials
import Testing

/// The schema of a request and our reader accept and refuse the same.
@Suite(.timeLimit(.minutes(5)))
struct RequestAgreementTests {
    @Test func bothAcceptWhatIsGood() async throws {
        let schemas = try Schemas()
        for request in Self.good {
            #expect(Reader.refusal(ofRequest: request) == nil, "\(request)")
            #expect(try await schemas.problems(of: request, as: .request) == [], "\(request)")
        }
    }

    @Test func bothRefuseWhatIsBad() async throws {
        let schemas = try Schemas()
        for request in Self.bad {
            #expect(Reader.refusal(ofRequest: request) != nil, "\(request)")
            #expect(try await schemas.problems(of: request, as: .request) != [], "\(request)")
        }
    }

    /// In some languages the end of a pattern also stands before a last newline.
    @Test(arguments: [
        #""files": [{"path": "..\n", "text": ""}], "entrypoint": "..\n""#,
        #""outputs": ["\n"], "args": ["\n"], "env": {"\n": "\n"}, "labels": {"\n": "\n"}"#,
    ])
    func aLastNewlineIsOneCharacterOfAText(fields: String) async throws {
        let request =
            fields.contains("entrypoint") ? "{\(fields)}" : "{\"source\": \"\", \(fields)}"
        #expect(Reader.refusal(ofRequest: request) == nil)
        #expect(try await Schemas().problems(of: request, as: .request) == [])
    }

    @Test(arguments: [
        #""stdin_base64": "AP8=\n""#, #""supersedes": "0e8f2c64-0000-7000-8000-000000000001\n""#,
        #""deadline": "2026-11-23T17:00:00Z\n""#, #""cases": [{"name": "a\n"}]"#,
        #""cases": [{"compare": "exact\n"}]"#, #""cases": [{"compare": "float:1\n"}]"#,
        #""isolation": "fresh\n""#, #""runtime": "python\n""#, #""retain": "30d\n""#,
    ])
    func aLastNewlineIsNotOverlooked(field: String) async throws {
        let request = "{\"source\": \"\", \(field)}"
        #expect(Reader.refusal(ofRequest: request) != nil)
        #expect(try await Schemas().problems(of: request, as: .request) != [])
    }

    @Test func onlyTheReaderRefusesWhatASchemaCannotKnow() async throws {
        let schemas = try Schemas()
        for rule in ReaderOnlyRule.all {
            let refusal = Reader.refusal(ofRequest: rule.example)
            #expect(refusal?.message.contains(rule.message) == true, "\(rule.reason): \(refusal)")
            #expect(
                try await schemas.problems(of: rule.example, as: .request) == [],
                "\(rule.reason)"
            )
        }
    }

    @Test func bothAgreeOnRequestsThatDifferFromGoodOnes() async throws {
        let schemas = try Schemas()
        let examples = try Schemas.Document.request.schema["examples"].elements
        var mutator = DocumentMutator(try Self.good.map { try JSON($0) } + examples, seed: 1)
        var accepted = 0
        let count = 6_000
        for _ in 0..<count {
            let request = try mutator.next().line
            if try await agree(on: request, schemas) { accepted += 1 }
        }
        // Neither side is tested by what is nearly always good, or bad.
        #expect((count / 5...count * 4 / 5).contains(accepted), "\(accepted) of \(count)")
    }

    @Test func bothAgreeOnTheInputsThatAFuzzerFound() async throws {
        let schemas = try Schemas()
        let corpus = Checkout.root.appending(path: "Tests/fuzz/corpus/requests")
        let files = try FileManager.default.contentsOfDirectory(atPath: corpus.path())
        var count = 0
        for file in files.sorted() {
            let input = try Data(contentsOf: corpus.appending(path: file))
            // Four lines of properties come first.
            let body = input.split(separator: 10, maxSplits: 4, omittingEmptySubsequences: false)
            guard body.count == 5, let text = String(validating: body[4], as: UTF8.self),
                // A byte order mark may be refused or ignored (RFC 8259, section 8.1).
                text.unicodeScalars.first != "\u{FEFF}",
                let request = try? JSON(text), case .object = request
            else { continue }
            _ = try await agree(on: text, schemas)
            count += 1
        }
        #expect(count > 100)
    }

    /// Whether both accept a request; records where they differ without a reason.
    private func agree(on request: String, _ schemas: Schemas) async throws -> Bool {
        let problems = try await schemas.problems(of: request, as: .request)
        guard let refusal = Reader.refusal(ofRequest: request) else {
            #expect(problems == [], "the reader accepts \(request)")
            return true
        }
        if problems.isEmpty, !ReaderOnlyRule.explains(refusal) {
            Issue.record("the schema accepts \(request), but \(refusal)")
        }
        return false
    }

    private static let good = [
        #"{"source": ""}"#,
        #"{"source": "print(1)", "runtime": null, "files": null, "limits": null, "cases": null}"#,
        #"{"files": [{"path": "main.py", "base64": "", "text": null}]}"#,
        """
        {"source": "x", "entrypoint": "a/b.py", "args": ["", "-x"], "env": {"A": "b=c"},
         "stdin": "", "stdin_base64": null, "isolation": "tenant"}
        """,
        #"{"source": "", "runtime": "cpp", "stdin_base64": "AP8=", "outputs": ["*.csv", "a/**"]}"#,
        """
        {"source": "", "limits": {"wall_seconds": 0.001, "cpu_seconds": 300, "processes": 1.0,
         "memory_bytes": 67108864, "stdout_bytes": 1, "stderr_bytes": null, "output_bytes": 1e3,
         "output_files": 100}}
        """,
        """
        {"source": "", "batch": {"id": "0E8F2C64-0000-7000-8000-00000000000A", "size": 1000000},
         "labels": {"": "", "student": "s-17"}, "retry": {"max": 10, "on": null}}
        """,
        """
        {"source": "", "not_before": "2026-11-23T17:00:00Z",
         "deadline": "2026-11-23T19:00:00.123456789+05:30", "retry": {"max": 1, "on": ["failed"]},
         "supersedes": "0e8f2c64-0000-7000-8000-000000000001", "retain": "2160h"}
        """,
        """
        {"source": "", "stop_on_first_failure": true, "cases": [
         {}, {"name": "a", "args": [], "stdin": "x", "expected_stdout": "y", "compare": "tokens"},
         {"name": null, "stdin_base64": "AA==", "expected_stdout_base64": "", "compare": null}]}
        """,
        #"{"source": "", "cases": [{"name": "é", "compare": "float:1E-6"}]}"#,
        """
        {"source": "", "reveal": "difference", "files": [{"path": "a/b", "text": ""}], "cases": [
         {"files": [{"path": "a/b", "base64": "AP8="}, {"path": "c", "text": ""}], "points": 0},
         {"files": [], "points": 2.5}, {"files": null, "points": 1000000}, {"points": null}]}
        """,
        #"{"source": "", "reveal": null}"#, #"{"source": "", "reveal": "none"}"#,
    ]

    private static let bad = [
        "", "[]", "null", "1", "{}", "{\"source\": NaN}", #"{"source": null}"#, #"{"source": 1}"#,
        #"{"source": "", "sauce": 1}"#, #"{"source": "", "id": "a"}"#, #"{"files": []}"#,
        #"{"source": "", "limits": {"wall_seconds": "1"}}"#,
        #"{"source": "", "limits": {"wall_seconds": 0}}"#,
        #"{"source": "", "limits": {"processes": 1.5}}"#,
        #"{"source": "", "limits": {"processes": true}}"#,
        #"{"source": "", "limits": {"memory_bytes": -1}}"#,
        #"{"source": "", "limits": {"gpus": 1}}"#,
        #"{"source": "", "files": [{"path": "a"}]}"#,
        #"{"source": "", "files": [{"path": "a", "text": "", "base64": ""}]}"#,
        #"{"source": "", "files": [{"path": "/a", "text": ""}]}"#,
        #"{"source": "", "files": [{"path": "a/../b", "text": ""}]}"#,
        #"{"source": "", "files": [{"path": "a", "text": "", "mode": 511}]}"#,
        #"{"source": "", "args": "x"}"#, #"{"source": "", "args": [null]}"#,
        #"{"source": "", "args": ["\u0000"]}"#, #"{"source": "", "env": {"A=B": ""}}"#,
        #"{"source": "", "env": {"": ""}}"#, #"{"source": "", "env": {"A": null}}"#,
        #"{"source": "", "stdin": "", "stdin_base64": ""}"#,
        #"{"source": "", "stdin_base64": "AP8"}"#, #"{"source": "", "outputs": ["/a"]}"#,
        #"{"source": "", "outputs": [""]}"#, #"{"source": "", "isolation": "none"}"#,
        #"{"source": "", "runtime": ""}"#, #"{"source": "", "batch": {"id": "a", "size": 1}}"#,
        #"{"source": "", "batch": {"id": "0e8f2c64-0000-7000-8000-000000000001"}}"#,
        #"{"source": "", "deadline": "2026-02-30T00:00:00Z"}"#,
        #"{"source": "", "deadline": "2026-11-23T17:00:00"}"#,
        #"{"source": "", "deadline": "tomorrow"}"#, #"{"source": "", "deadline": 1795453200}"#,
        #"{"source": "", "labels": {"a": 1}}"#, #"{"source": "", "retry": {}}"#,
        #"{"source": "", "retry": {"max": 11}}"#, #"{"source": "", "retry": {"max": 1, "on": []}}"#,
        #"{"source": "", "retry": {"max": 1, "on": ["errored"]}}"#,
        #"{"source": "", "retain": "30"}"#, #"{"source": "", "retain": "0d"}"#,
        #"{"source": "", "retain": "-1d"}"#, #"{"source": "", "retain": "1.5d"}"#,
        #"{"source": "", "retain": "1w"}"#, #"{"source": "", "retain": 30}"#,
        #"{"source": "", "retain": "1234567890s"}"#, #"{"source": "", "retain": "Forever"}"#,
        #"{"source": "", "supersedes": "a"}"#, #"{"source": "", "cases": []}"#,
        #"{"source": "", "cases": [null]}"#, #"{"source": "", "cases": [{"expect": ""}]}"#,
        #"{"source": "", "cases": [{"name": ""}]}"#, #"{"source": "", "cases": [{"name": "\n"}]}"#,
        #"{"source": "", "cases": [{"compare": "words"}]}"#,
        #"{"source": "", "reveal": "all"}"#, #"{"source": "", "cases": [{"points": -1}]}"#,
        #"{"source": "", "cases": [{"points": 1000000.5}]}"#,
        #"{"source": "", "cases": [{"points": "1"}]}"#,
        #"{"source": "", "cases": [{"files": [{"path": "a"}]}]}"#,
        #"{"source": "", "cases": [{"files": [{"path": "../a", "text": ""}]}]}"#,
        #"{"source": "", "stop_on_first_failure": 1}"#,
    ]
}
