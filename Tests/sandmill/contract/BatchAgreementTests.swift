import Testing

/// The schema of a batch in one message and our reader accept and refuse the same.
@Suite(.timeLimit(.minutes(5)))
struct BatchAgreementTests {
    @Test func bothAcceptWhatIsGood() async throws {
        let schemas = try Schemas()
        for batch in Self.good {
            #expect(Reader.refusal(ofBatch: batch) == nil, "\(batch)")
            #expect(try await schemas.problems(of: batch, as: .batch) == [], "\(batch)")
        }
    }

    @Test func bothRefuseWhatIsBad() async throws {
        let schemas = try Schemas()
        for batch in Self.bad {
            #expect(Reader.refusal(ofBatch: batch) != nil, "\(batch)")
            #expect(try await schemas.problems(of: batch, as: .batch) != [], "\(batch)")
        }
    }

    /// What a schema accepts here depends on the configuration, or on sums.
    @Test(arguments: [
        (#"{"pool": "ruby", "executions": [{"source": ""}]}"#, "there is no pool"),
        (
            "{\"defaults\": {\"source\": \"" + String(repeating: "x", count: 8 << 20)
                + "\"}, \"executions\": [{}, {}, {}, {}, {}, {}, {}, {}, {}]}",
            "bytes with the defaults of each"
        ),
        (
            #"{"defaults": {"source": ""}, "executions": [{"source": null}]}"#,
            "there is neither a \"source\" nor a file"
        ),
        // A schema compares whole members, and not one field of them.
        (
            """
            {"defaults": {"source": ""}, "executions": [
             {"id": "0e8f2c64-0000-7000-8000-000000000001"},
             {"id": "0e8f2c64-0000-7000-8000-000000000001", "stdin": "x"}]}
            """,
            "another member has it"
        ),
    ])
    func onlyTheReaderRefuses(batch: String, message: String) async throws {
        #expect(Reader.refusal(ofBatch: batch)?.message.contains(message) == true)
        #expect(try await Schemas().problems(of: batch, as: .batch) == [])
    }

    /// The schema holds the defaults by themselves against the rules, and the reader only with the
    /// members whose they are.
    @Test func onlyTheSchemaRefusesABadDefaultThatEveryMemberReplaces() async throws {
        let batch = #"{"defaults": {"args": 1}, "executions": [{"source": "", "args": []}]}"#
        #expect(Reader.refusal(ofBatch: batch) == nil)
        let problems = try await Schemas().problems(of: batch, as: .batch)
        #expect(!problems.isEmpty && problems.allSatisfy { $0.hasPrefix("$.defaults") })
    }

    @Test func bothAgreeOnBatchesThatDifferFromGoodOnes() async throws {
        let schemas = try Schemas()
        let examples = try Schemas.Document.batch.schema["examples"].elements
        var mutator = DocumentMutator(try Self.good.map { try JSON($0) } + examples, seed: 2)
        var accepted = 0
        let count = 3_000
        for _ in 0..<count {
            let batch = try mutator.next().line
            let problems = try await schemas.problems(of: batch, as: .batch)
            if let refusal = Reader.refusal(ofBatch: batch) {
                let isKnown =
                    ReaderOnlyRule.explains(refusal) || refusal.message.contains("there is no pool")
                    || refusal.message.contains("another member has it")
                if problems.isEmpty, !isKnown {
                    Issue.record("the schema accepts \(batch), but \(refusal)")
                }
            } else {
                accepted += 1
                #expect(
                    problems.allSatisfy { $0.hasPrefix("$.defaults") },
                    "the reader accepts \(batch)"
                )
            }
        }
        #expect((count / 5...count * 4 / 5).contains(accepted), "\(accepted) of \(count)")
    }

    private static let good = [
        #"{"executions": [{"source": ""}]}"#,
        #"{"pool": null, "level": null, "max_running": null, "executions": [{"source": ""}]}"#,
        """
        {"pool": "python", "level": "high", "max_running": 1000000,
         "defaults": {"source": "", "labels": {"a": "b"}, "limits": {"wall_seconds": 1}},
         "executions": [{}, {"id": "0e8f2c64-0000-7000-8000-000000000001", "stdin": "x"}]}
        """,
        """
        {"defaults": {"runtime": "python", "stdin": "x"}, "executions": [
         {"source": "", "stdin_base64": "AA=="}, {"files": [{"path": "main.py", "text": ""}]}]}
        """,
        #"{"defaults": {"source": "", "cases": [{"name": "a"}]}, "executions": [{}, {"args": []}]}"#,
    ]

    private static let bad = [
        "[]", "{}", #"{"executions": []}"#, #"{"executions": {}}"#, #"{"executions": [{}]}"#,
        #"{"executions": [1]}"#, #"{"executions": [null]}"#,
        #"{"size": 1, "executions": [{"source": ""}]}"#,
        #"{"level": "urgent", "executions": [{"source": ""}]}"#,
        #"{"pool": 1, "executions": [{"source": ""}]}"#,
        #"{"max_running": 0, "executions": [{"source": ""}]}"#,
        #"{"max_running": 1.5, "executions": [{"source": ""}]}"#,
        #"{"defaults": [], "executions": [{"source": ""}]}"#,
        #"{"defaults": {"id": null}, "executions": [{"source": ""}]}"#,
        #"{"defaults": {"batch": null}, "executions": [{"source": ""}]}"#,
        #"{"defaults": {"sauce": 1}, "executions": [{"source": ""}]}"#,
        #"{"executions": [{"source": "", "id": null}]}"#,
        #"{"executions": [{"source": "", "id": "a"}]}"#,
        #"{"executions": [{"source": "", "batch": null}]}"#,
        #"{"executions": [{"source": "", "stdin": "", "stdin_base64": ""}]}"#,
        #"{"executions": [{"source": ""}, {"source": "", "limits": {"processes": 0}}]}"#,
    ]
}
