import Foundation
import SandmillService
import Testing

@testable import SandmillClient

@Suite struct CaseSourceTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func cases(at name: String = "cases") throws -> [JSONValue] {
        try CaseSource("\(scratch.path)/\(name)").cases(comparison: nil)
    }

    @Test func aDirectoryHasInputsFilesExpectationsAndPoints() throws {
        try scratch.file("cases/10.in", "ten")
        try scratch.file("cases/9.in", "nine")
        try scratch.file("cases/9.out", "\u{FEFF}9\r\n")
        try scratch.file("cases/9.points", "2.5\n")
        try scratch.file("cases/9/data/x.csv", "1;2")
        try scratch.file("cases/table/data.csv", "3")
        try scratch.file("cases/table.out", "3")
        try scratch.file("cases/solutions/a.py", "of no case")
        try scratch.file("cases/README.md", "no case")
        let cases = try cases()
        #expect(cases.map { $0["name"]?.string } == ["9", "10", "table"])
        #expect(cases.map { $0["stdin"]?.string } == ["nine", "ten", nil])
        // What a byte order mark means depends on how it is compared.
        #expect(cases.map { $0["expected_stdout"]?.string } == ["\u{FEFF}9\r\n", nil, "3"])
        #expect(cases.map { $0["points"] } == [.number(2.5), nil, nil])
        #expect(
            cases[0]["files"]
                == .array([.object(["path": .string("data/x.csv"), "text": .string("1;2")])])
        )
        #expect(cases[1]["files"] == nil)
    }

    @Test func jsonMayHaveAByteOrderMark() throws {
        try scratch.file("cases.json", "\u{FEFF}[{\"stdin\": \"1\"}]")
        #expect(try cases(at: "cases.json").map { $0["stdin"]?.string } == ["1"])
    }

    @Test(arguments: [
        ("1.out", "", "there is no 1.in for 1.out"), ("1.points", "1", "no 1.in for 1.points"),
        ("in/1.points", "two", "not a number"),
    ])
    func whatBelongsToNoCaseOrIsNoNumberIsSaid(file: String, text: String, words: String) throws {
        try scratch.file("cases/\(file.replacing("in/", with: ""))", text)
        if file.hasPrefix("in/") { try scratch.file("cases/1.in", "") }
        let failure = try #require(throws: ClientError.self) { try cases() }
        #expect(failure.message.contains(words))
    }

    @Test func sharedMaterialIsGivenToEveryProgramInPlaceOfItsOwn() throws {
        let own = ["main.py", "data.csv"].map { RequestDraft.File(path: $0, content: [1]) }
        var request = RequestDraft(entrypoint: "main.py", files: own)
        let material = SharedMaterial(
            files: [RequestDraft.File(path: "data.csv", content: [2])],
            stdin: Array("all".utf8),
            arguments: ["-v"],
            environment: ["MODE": "x"]
        )
        try material.apply(to: &request)
        #expect(request.files == [own[0], RequestDraft.File(path: "data.csv", content: [2])])
        #expect(request.arguments == ["-v"])
        #expect(request.environment == ["MODE": "x"])
        #expect(request.stdin == Data("all".utf8).base64EncodedString())
        request.setStdin(Array("own".utf8))
        try material.apply(to: &request)
        #expect(request.stdin == Data("own".utf8).base64EncodedString())

        var program = RequestDraft(entrypoint: "data.csv", files: own)
        #expect(throws: ClientError.self) { try material.apply(to: &program) }
    }
}
