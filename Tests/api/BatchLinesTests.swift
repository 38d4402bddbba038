import SandmillEntity
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

    @Test(arguments: ["{}\n{", "{}\n{}]}, \"pool\": {", "{}\n{} {}", "{}\nx"])
    func aLineThatIsNoJSONIsRefusedByItsNumber(text: String) {
        let problem = #expect(throws: Problem.self) { _ = try document(text) }
        #expect(problem?.kind == .invalidRequest)
        #expect(problem?.detail.contains("line 2") == true)
    }
}
