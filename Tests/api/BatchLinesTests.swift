import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillAPI

@Suite struct BatchLinesTests {
    private func document(_ text: String) throws -> String {
        let lines = try BatchLines(Array(text.utf8))
        return String(decoding: lines.document(pool: "python", level: .low), as: UTF8.self)
    }

    @Test func eachLineIsAnExecution() throws {
        let text = "{\"source\": \"1\"}\r\n\n  {\"source\": \"2\"}"
        #expect(
            try document(text)
                == #"{"pool":"python","level":"low","executions":[{"source": "1"}"# + "\r"
                + #",{"source": "2"}]}"#
        )
    }

    @Test func noLinesAreNoExecutions() throws {
        #expect(try document("\n \n") == #"{"pool":"python","level":"low","executions":[]}"#)
    }

    /// Only that member is a dead letter.
    @Test func aLineThatIsNoObjectIsAMemberAllTheSame() throws {
        #expect(
            try document("{}\n[]\n1\nnull")
                == #"{"pool":"python","level":"low","executions":[{},[],1,null]}"#
        )
    }

    @Test func aTextWithoutAnObjectIsRefused() {
        let problem = #expect(throws: Problem.self) { _ = try document("[\n1\n]") }
        #expect(problem?.detail.contains("line 1") == true)
        #expect(throws: Problem.self) { _ = try document("[null]\n5") }
    }

    /// Only that member is a dead letter.
    @Test(arguments: ["{", "{}]}, \"pool\": {", "{} {}", "x", "\"", "\u{1}"])
    func aLineThatIsNoJSONIsAMemberThatIsText(line: String) throws {
        let document = try JSONDecoder().decode(
            JSONValue.self,
            from: Data(try document("{}\n\(line)\n{}").utf8)
        )
        guard case .object(let fields) = document else {
            Issue.record("it is \(document)")
            return
        }
        #expect(fields["executions"] == .array([.object([:]), .string(line), .object([:])]))
    }

    @Test func aByteOrderMarkIsNoPartOfTheFirstLine() throws {
        #expect(try document("\u{FEFF}{}") == (try document("{}")))
    }

    @Test func aTextWithoutAnObjectSaysWhichLineIsNoJSON() {
        let problem = #expect(throws: Problem.self) { _ = try document("[]\n{\n1") }
        #expect(problem?.kind == .invalidRequest)
        #expect(problem?.detail.contains("line 2") == true)
    }

    @Test func moreLinesThanABatchHasMembersAreNotRead() throws {
        let most = String(repeating: "{}\n", count: 10_000)
        #expect(try document(most).utf8.count > 30_000)
        #expect(throws: Problem.self) { try document(most + "{}") }
    }

    @Test func aLineThatWouldCostTooMuchToReadIsRefusedByItsNumber() {
        let deep = String(repeating: "[", count: 1_000) + String(repeating: "]", count: 1_000)
        let wide = "[" + String(repeating: "1,", count: 1_000_000) + "1]"
        for text in [deep, wide] {
            let problem = #expect(throws: Problem.self) { try document("{}\n\(text)") }
            #expect(problem?.kind == .tooLarge)
            #expect(problem?.detail.contains("line 2: ") == true)
        }
    }
}
