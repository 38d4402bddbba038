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
        #expect(text.hasPrefix("\"name\",\"id\",\"verdict\",\"state\","))
        let id = UUID(high: 1, low: 2).text
        #expect(text.contains("\r\n\"'=a\",\"\(id)\",\"refused: =1/2 \"\"no"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["marks.csv"])
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
