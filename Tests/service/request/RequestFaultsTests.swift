import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// Everything that is wrong with a request is told at once.
@Suite struct RequestFaultsTests {
    private func faults(
        _ body: String,
        _ properties: MessageProperties = MessageProperties(messageID: UUID.random().text)
    ) throws -> [RequestRefusal.Fault] {
        let decoder = SubmissionDecoder(
            pool: SubmissionDecoder.Pool(
                name: "python",
                runtimes: [.python],
                limits: LimitPolicy(
                    defaults: .sample,
                    maxima: .sample,
                    killsOnExcessOutput: false
                )
            )
        )
        let request = RequestMessage(properties: properties, body: Array(body.utf8))
        let refusal = #expect(throws: RequestRefusal.self) {
            try decoder.decode(request, level: .normal)
        }
        return try #require(refusal).faults
    }

    @Test(arguments: [
        (
            #"{"sauce": 1, "limits": {"wall_seconds": -1, "walls": 1, "cpu_seconds": "1"}}"#,
            ["/sauce", "/limits/walls", "/limits/cpu_seconds", "/source", "/limits/wall_seconds"]
        ),
        (
            #"{"source": 1, "args": [1], "outputs": ["a", "../b", "c", "/d"]}"#,
            ["/source", "/args/0", "/outputs/1", "/outputs/3"]
        ),
        (
            #"{"source": "", "files": [{"path": "a"}, {"path": "b", "text": ""}, {"path": "../x", "text": ""}]}"#,
            ["/files/0", "/files/2/path"]
        ),
        (#"{"source": "", "a/b": 1, "c~d": 2}"#, ["/a~1b", "/c~0d"]),
        (
            #"{"source": "", "runtime": "cobol", "build_args": ["-O"], "deadline": "soon"}"#,
            ["/deadline", "/runtime"]
        ),
        (
            #"{"source": "", "cases": [{"compare": "x"}, {"name": "1"}, {"compare": "y"}]}"#,
            ["/cases/0/compare", "/cases/2/compare"]
        ),
        (#"{}"#, ["/source"]),
        (#"{"source": "", "batch": {"size": 0}}"#, ["/batch/id"]),
    ])
    func eachFieldIsNamedOnceWithItsPlaceInTheOriginal(body: String, expected: [String]) throws {
        let found = try faults(body).compactMap(\.pointer)
        #expect(Set(found) == Set(expected), "\(found)")
        #expect(found.count == expected.count)
    }

    @Test func propertiesAreToldBesideTheBody() throws {
        let found = try faults(
            #"{"sauce": 1}"#,
            MessageProperties(contentType: "text/plain", messageID: "17", headers: ["tenant": "/"])
        )
        let reasons = found.map(\.reason)
        for word in ["message_id", "content type", "tenant", "/sauce", "/source"] {
            #expect(reasons.contains { $0.contains(word) }, "\(word): \(reasons)")
        }
        #expect(found[0].reason.contains("message_id"))
    }

    @Test func thereAreNoMoreThanAPersonReads() throws {
        let fields = (0..<500).map { "\"x\($0)\": 1" }.joined(separator: ", ")
        #expect(try faults("{\(fields)}").count == 64)
    }

    @Test(arguments: [
        ("", "line 1, column 1: the text ends here"), ("{", "line 1, column 2: the text ends here"),
        ("{\n  \"source\": \"é\", }", "line 2, column 18: a comma before a } or ]"),
        ("{\"source\": \"a\" \"b\": 1}", "line 1, column 16: expected a comma or a }"),
        ("{'source': 1}", "line 1, column 2: expected a name in quotes"),
        ("[1, 2", "line 1, column 6: the text ends here"), ("{} {}", "column 4: something follows"),
        ("{\"a\": 01}", "column 8: a number with a 0"),
        ("{\"a\": nul}", "column 7: expected a value"),
        ("{\"a\": \"\\x\"}", "column 9: there is no such escape"),
        ("{\"a\": \"\n\"}", "column 8: a control character"),
        ("{\"a\" 1}", "column 6: expected a colon"),
        (
            "{\"a\": [[], {}, {\"b\": [-1.5e+3, true, null]}], \"c\": .5}",
            "column 52: expected a value"
        ),
    ])
    func whatIsNoJSONIsToldWithItsPlace(body: String, expected: String) throws {
        let found = try faults(body)
        #expect(found.count == 1)
        #expect(found[0].pointer == "")
        #expect(found[0].message.contains(expected), "\(found[0].message)")
    }
}
