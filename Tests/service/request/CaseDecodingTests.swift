import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// The test cases of a request.
@Suite("SubmissionDecoder, cases")
struct CaseDecodingTests {
    @Test func aCaseTakesFromTheRequestWhatItDoesNotSay() throws {
        let plan = try decode(
            """
            "args": ["--fast"], "stdin": "all", "stop_on_first_failure": true, "cases": [
              {}, {"name": "own", "args": [], "stdin_base64": "", "expected_stdout": "5\\n",
                   "compare": "float:1e-6"},
              {"expected_stdout_base64": "AP8=", "stdin": "x"}]
            """
        )
        #expect(plan?.stopsOnFirstFailure == true)
        #expect(
            plan?.cases == [
                TestCase(name: "0", arguments: ["--fast"], stdin: Array("all".utf8)),
                TestCase(
                    name: "own",
                    arguments: [],
                    stdin: [],
                    expectedStdout: Array("5\n".utf8),
                    comparison: try #require(OutputComparison("float:1e-6"))
                ),
                TestCase(
                    name: "2",
                    arguments: ["--fast"],
                    stdin: Array("x".utf8),
                    expectedStdout: [0, 0xFF],
                    comparison: .lines
                ),
            ]
        )
    }

    @Test func withoutCasesThereIsNoPlan() throws {
        #expect(try decode("\"stop_on_first_failure\": false") == nil)
        #expect(try decode("\"cases\": null") == nil)
    }

    private static let badCases: [(String, String)] = [
        ("\"cases\": []", "/cases"),
        ("\"cases\": {}", "/cases"),
        ("\"cases\": [" + list(of: 1_001) { _ in "{}" } + "]", "/cases"),
        ("\"cases\": [{}, 1]", "/cases/1"),
        ("\"cases\": [{\"expect\": \"\"}]", "/cases/0/expect"),
        ("\"cases\": [{\"stdin\": 1}]", "/cases/0/stdin"),
        ("\"cases\": [{\"stdin\": \"\", \"stdin_base64\": \"\"}]", "/cases/0/stdin_base64"),
        ("\"cases\": [{\"stdin_base64\": \"%\"}]", "/cases/0/stdin_base64"),
        ("\"cases\": [{\"expected_stdout_base64\": \"%\"}]", "/cases/0/expected_stdout_base64"),
        ("\"cases\": [{}, {}, {}, {\"compare\": \"words\"}]", "/cases/3/compare"),
        ("\"cases\": [{\"compare\": \"float:-1\"}]", "/cases/0/compare"),
        ("\"cases\": [{\"compare\": 1}]", "/cases/0/compare"),
        ("\"cases\": [{\"args\": \"x\"}]", "/cases/0/args"),
        ("\"cases\": [{}, {\"args\": [\"a\", \"\\u0000\"]}]", "/cases/1/args/1"),
        ("\"cases\": [{\"name\": \"\"}]", "/cases/0/name"),
        ("\"cases\": [{\"name\": \"a\\nb\"}]", "/cases/0/name"),
        (
            "\"cases\": [{\"name\": \"" + String(repeating: "x", count: 129) + "\"}]",
            "/cases/0/name"
        ),
        ("\"cases\": [{\"name\": \"a\"}, {\"name\": \"a\"}]", "/cases/1/name"),
        ("\"cases\": [{\"name\": \"1\"}, {}]", "/cases/1/name"),
        ("\"stop_on_first_failure\": 1", "/stop_on_first_failure"),
        ("\"reveal\": \"all\"", "/reveal"),
        ("\"cases\": [{}], \"reveal\": true", "/reveal"),
        ("\"cases\": [{}, {\"points\": -0.5}]", "/cases/1/points"),
        ("\"cases\": [{\"points\": 1000001}]", "/cases/0/points"),
        ("\"cases\": [{\"points\": \"1\"}]", "/cases/0/points"),
        ("\"cases\": [{\"points\": 1e999}]", "/cases/0/points"),
        ("\"cases\": [{\"files\": {}}]", "/cases/0/files"),
        ("\"cases\": [{}, {\"files\": [{\"path\": \"a\"}]}]", "/cases/1/files/0"),
        (caseWithFiles("a", "../a"), "/cases/0/files/1/path"),
        (caseWithFiles("a", "a"), "/cases/0/files/1/path"),
        (caseWithFiles("main.py"), "/cases/0/files/0/path"),
        (caseWithFiles("a", "main.py/a"), "/cases/0/files/1/path"),
        (programWithFiles("d/x") + ", " + caseWithFiles("d/x", "d/x"), "/cases/0/files/1/path"),
        (programWithFiles("d/x") + ", " + caseWithFiles("d"), "/cases/0/files/0/path"),
        (
            programWithFiles((0..<600).map { "\($0)" }) + ", "
                + caseWithFiles((500..<1_001).map { "\($0)" }), "/cases/0/files"
        ),
        (
            "\"limits\": {\"stdout_bytes\": 3}, \"cases\": [{\"expected_stdout\": \"1234\"}]",
            "/cases/0/expected_stdout"
        ),
        (
            "\"cases\": [{\"args\": [\"" + String(repeating: "x", count: 122_880) + "\"]}]",
            "/cases/0/args"
        ),
    ]

    @Test(arguments: badCases)
    func aBadCaseIsRefusedByItsPointer(fields: String, pointer: String) {
        expectRefusal(at: pointer) { _ = try decode(fields) }
    }

    @Test func filesOfACaseAreAddedToThoseOfTheProgramOrStandInTheirPlace() throws {
        let body =
            Self.programWithFiles("d/x", "d/y") + ", "
            + Self.caseWithFiles("d/y", "d/z").replacing("[{", with: "[{}, {", maxReplacements: 1)
        let submission = try submission(body)
        let plan = try #require(submission.tests)
        func files(_ testCase: TestCase) -> [String] {
            submission.program.running(testCase).files.map {
                "\($0.path)=\(String(decoding: $0.content, as: UTF8.self))"
            }
        }
        #expect(files(plan.cases[0]) == ["main.py=", "d/x=program", "d/y=program"])
        #expect(files(plan.cases[1]) == ["main.py=", "d/x=program", "d/y=case", "d/z=case"])
    }

    @Test func pointsOfAllCasesAreAddedUpWithoutTheErrorsOfBinaryFractions() throws {
        let tenths = Self.list(of: 10) { _ in "{\"points\": 0.1}" }
        #expect(try decode("\"cases\": [\(tenths), {}]")?.points == 1)
        #expect(try decode("\"cases\": [{\"points\": 0}]")?.points == 0)
        #expect(try decode("\"cases\": [{}, {\"points\": null}]")?.points == nil)
    }

    @Test func aRequestThatDoesNotSayRevealsThePosition() throws {
        #expect(try decode("\"cases\": [{}]")?.reveal == .position)
        for reveal in Reveal.allCases {
            let fields = "\"cases\": [{}], \"reveal\": \"\(reveal.rawValue)\""
            #expect(try decode(fields)?.reveal == reveal)
        }
    }

    @Test func aFieldOfACaseThatIsThereTwiceIsRefused() {
        expectRefusal(at: "") { _ = try decode("\"cases\": [{\"stdin\": \"\", \"stdin\": \"\"}]") }
    }

    @Test func namesThatLookAlikeAreTwo() throws {
        let plan = try decode("\"cases\": [{\"name\": \"\\u00e9\"}, {\"name\": \"e\\u0301\"}]")
        #expect(plan?.cases.count == 2)
    }

    @Test func whatAllCasesAreGivenIsBounded() throws {
        let input = String(repeating: "x", count: 1 << 20)
        func fields(_ count: Int) -> String {
            "\"limits\": {\"stdout_bytes\": 1, \"stderr_bytes\": 1}, \"stdin\": \"\(input)\","
                + "\"cases\": [" + Self.list(of: count) { _ in "{}" } + "]"
        }
        #expect(try decode(fields(1_000))?.cases.count == 1_000)
        let files = ", \"files\": [{\"path\": \"x\", \"text\": \"\(input)\"}]"
        #expect(try decode(fields(512) + files) != nil)
        expectRefusal(at: "/cases") { _ = try decode(fields(513) + files) }
        let own = fields(512) + ", " + Self.programWithFiles("x")
        let file = "{\"files\": [{\"path\": \"y\", \"text\": \"\(input)\"}]}"
        let all = own.replacing("{}]", with: Self.list(of: 512) { _ in file } + "]")
        #expect(try decode(own) != nil)
        expectRefusal(at: "/cases") { _ = try decode(all) }
    }

    @Test func whatAllCasesMayLeaveIsBounded() throws {
        func fields(_ count: Int) -> String {
            "\"limits\": {\"stdout_bytes\": 8388608, \"stderr_bytes\": 8388608}, \"cases\": ["
                + Self.list(of: count) { _ in "{}" } + "]"
        }
        #expect(try decode(fields(256)) != nil)
        expectRefusal(at: "/cases") { _ = try decode(fields(257)) }
    }

    private static func caseWithFiles(_ paths: String...) -> String { caseWithFiles(paths) }

    private static func caseWithFiles(_ paths: [String]) -> String {
        "\"cases\": [{\(files(paths, "case"))}]"
    }

    private static func programWithFiles(_ paths: String...) -> String {
        files(paths, "program")
    }

    private static func programWithFiles(_ paths: [String]) -> String {
        files(paths, "program")
    }

    private static func files(_ paths: [String], _ text: String) -> String {
        let files = paths.map { "{\"path\": \"\($0)\", \"text\": \"\(text)\"}" }
        return "\"files\": [\(files.joined(separator: ","))]"
    }

    private func decode(_ fields: String) throws(RequestRefusal) -> TestPlan? {
        try submission(fields).tests
    }

    private func submission(_ fields: String) throws(RequestRefusal) -> Submission {
        let body = "{\"source\": \"\", \(fields)}"
        return try SubmissionDecoder.sample.decode(
            RequestMessage(
                properties: MessageProperties(
                    contentType: "application/json",
                    messageID: "0e8f2c64-0000-7000-8000-000000000001"
                ),
                body: Array(body.utf8)
            ),
            level: .normal
        )
    }

    private func expectRefusal(
        at pointer: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        let refusal = #expect(throws: RequestRefusal.self, sourceLocation: sourceLocation) {
            try body()
        }
        #expect(refusal?.pointer == pointer, sourceLocation: sourceLocation)
    }

    private static func list(of count: Int, _ element: (Int) -> String) -> String {
        (0..<count).map(element).joined(separator: ",")
    }
}
