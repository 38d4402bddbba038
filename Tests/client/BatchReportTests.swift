import Foundation
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillClient

@Suite struct BatchReportTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private static func row(_ name: String) -> MemberRow {
        MemberRow(
            id: UUID(high: 1, low: 2),
            labels: ["program": name],
            verdict: .refused("=1/2 \"no\"")
        )
    }

    @Test func jsonIsAnArrayOfRows() throws {
        let path = "\(scratch.path)/marks.json"
        try BatchReport(path).write([Self.row("a\n\"b"), Self.row("c")])
        let rows = try JSONDecoder().decode(
            [[String: JSONValue]].self,
            from: try Data(contentsOf: URL(filePath: path))
        )
        #expect(rows.map { $0["name"]?.string } == ["a\\u{a}\"b", "c"])
        #expect(rows.allSatisfy { $0["verdict"]?.string == "refused: =1/2 \"no\"" })
        #expect(rows.allSatisfy { $0["exit_code"] == .null })
        try BatchReport(path).write([])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "[]\n")
    }

    @Test func csvReplacesWhatWasThereAndLeavesNothingBeside() throws {
        try scratch.file("marks.csv", String(repeating: "old", count: 10_000))
        let path = "\(scratch.path)/marks.csv"
        try BatchReport(path).write([Self.row("=a")])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("\"name\",\"verdict\",\"score\",\"points\",\"cases_accepted\","))
        #expect(text.contains("\r\n\"'=a\",\"refused: =1/2 \"\"no\"\"\","))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["marks.csv"])
    }

    private static func ended(_ name: String, _ fields: String) throws -> MemberRow {
        let document =
            "{\"id\": \"\(UUID.random().text)\", \"labels\": {\"program\": \"\(name)\"}, \(fields)}"
        return MemberRow(try RecordedResult(document: document.utf8))
    }

    private static func graded() throws -> [MemberRow] {
        [
            try ended(
                "müller",
                #""state": "failed", "reason": "wrong_answer", "score": 2.5, "points": 4, "cases": ["#
                    + #"{"name": "1", "verdict": "accepted", "score": 2.5, "points": 2.5}, "#
                    + #"{"name": "=2<&", "verdict": "wrong_answer", "score": 0, "points": 1.5, "#
                    + #""difference": {"line": 3, "column": 5, "expected": "a|\"b", "got": null}}]"#
            ),
            try ended("anna10", #""state": "succeeded", "wall_seconds": 0.5"#),
            try ended(
                "anna2",
                #""state": "failed", "reason": "compile_error", "cases": ["#
                    + #"{"name": "1", "verdict": "skipped"}]"#
            ),
            MemberRow(ProgramDirectory.LeftOut(name: "yann.java", reason: "this pool runs python")),
        ].inOrder
    }

    private func report(_ name: String) throws -> String {
        let path = "\(scratch.path)/\(name)"
        try BatchReport(path).write(try Self.graded())
        return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    @Test func csvHasAColumnACaseAndSaysThatItIsUTF8() throws {
        let lines = try report("marks.csv").components(separatedBy: "\r\n")
        #expect(
            lines[0]
                == "\u{FEFF}\"name\",\"verdict\",\"score\",\"points\",\"cases_accepted\",\"cases\","
                + "\"case 1\",\"case =2<&\",\"state\",\"reason\",\"exit_code\",\"signal\","
                + "\"wall_seconds\",\"cpu_seconds\",\"memory_peak_bytes\",\"id\",\"results_path\""
        )
        #expect(lines[1].hasPrefix("\"anna2\",\"compile error\",,,0,1,\"skipped\",,\"failed\","))
        #expect(lines[2].hasPrefix("\"anna10\",\"succeeded\",,,,,,,\"succeeded\",,"))
        #expect(
            lines[3].hasPrefix("\"müller\",\"wrong answer in case 2 (=2<&), line 3, column 5, ")
        )
        #expect(lines[3].contains(",2.5,4,1,2,2.5,0,\"failed\",\"wrong_answer\","))
        #expect(
            lines[4] == "\"yann.java\",\"not run: this pool runs python\",,,,,,,,,,,,,,,"
        )
    }

    @Test func jsonHasAFieldACase() throws {
        let rows = try JSONDecoder().decode(
            [[String: JSONValue]].self,
            from: Data(try report("marks.json").utf8)
        )
        #expect(rows.map { $0["name"]?.string } == ["anna2", "anna10", "müller", "yann.java"])
        #expect(rows[2]["case =2<&"] == .integer(0))
        #expect(rows[2]["score"] == .number(2.5))
        #expect(rows[3]["id"] == .null)
    }

    @Test func junitIsASuiteAMemberAndATestACase() throws {
        let text = try report("marks.xml")
        #expect(text.contains(#"<testsuites tests="5" failures="2" errors="0" skipped="1">"#))
        #expect(text.contains(#"<testsuite name="müller" tests="2" failures="1" errors="0""#))
        #expect(text.contains(#"<testcase classname="müller" name="1"/>"#))
        #expect(text.contains(#"<testcase classname="anna10" name="anna10" time="0.5"/>"#))
        #expect(
            text.contains(
                #"name="=2&lt;&amp;"><failure type="wrong_answer" message="wrong_answer: line 3, "#
                    + #"column 5, expected &quot;a|&quot;b&quot;, got the end"/></testcase>"#
            )
        )
        #expect(text.contains(#"<skipped message="not run: this pool runs python"/>"#))
        let parser = try Foundation.Process.run(
            URL(filePath: "/usr/bin/python3"),
            arguments: [
                "-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])",
                "\(scratch.path)/marks.xml",
            ]
        )
        parser.waitUntilExit()
        #expect(parser.terminationStatus == 0)
    }

    @Test func markdownIsATableInWhichNothingMeansAnything() throws {
        let lines = try report("marks.md").components(separatedBy: "\n")
        #expect(lines[0] == "| program | score | verdict |")
        #expect(lines[2] == "| anna2 | 0/1 | compile error |")
        #expect(
            lines[4]
                == "| müller | 2.5/4 | wrong answer in case 2 (=2&lt;&amp;), line 3, column 5, "
                + #"1/2 accepted: expected "a\|"b", got the end |"#
        )
        #expect(lines[7].hasPrefix("4 in all: "))
    }

    @Test func tableOf80ColumnsHasVerdictAndScore() throws {
        let table = try Self.graded().table(width: 80)
        #expect(table[0] == ["program", "score", "verdict", "time", "memory"])
        #expect(table[1].prefix(3) == ["anna2", "0/1", "compile error"])
        #expect(table[3].prefix(2) == ["müller", "2.5/4"])
        #expect(table[3][2].hasPrefix("wrong answer in case 2"))
        for columns in table { #expect(columns.map(\.count).reduce(8, +) <= 80) }
    }

    @Test(arguments: ["marks.txt", "marks", "-"])
    func nameThatSaysNoFormatIsWrongUsage(name: String) throws {
        let failure = try #require(throws: ClientError.self) { try BatchReport(name) }
        #expect(failure.code == .wrongUsage)
    }

    @Test func placeWhereNoFileCanBeMadeIsKnownBefore() throws {
        try scratch.file("directory.csv/file")
        for name in ["none/marks.csv", "directory.csv"] {
            let failure = try #require(throws: ClientError.self) {
                try BatchReport("\(scratch.path)/\(name)")
            }
            #expect(failure.code == .cannotCreate, "\(name)")
        }
    }
}
