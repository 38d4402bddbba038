import Foundation
import SandmillEntity
import Testing

@Suite struct RecordedResultTests {
    private static let id = "00000000-0000-7000-8000-000000000001"

    private static func result(_ fields: String) throws -> RecordedResult {
        try RecordedResult(document: #"{"id": "\#(id)", \#(fields)}"#.utf8)
    }

    @Test func whatThisVersionWritesIsReadAsItWasMeant() throws {
        var document = ResultDocument(
            id: UUID(high: 1, low: 2),
            tenant: "acme",
            pool: "python",
            level: .high,
            runtime: "python",
            batchID: UUID(high: 3, low: 4),
            labels: ["student": "s-17"],
            outcome: Outcome(.failed, .exitCode, exitCode: 3),
            attempt: 2,
            submittedAt: .distantPast,
            startedAt: nil,
            finishedAt: .distantPast,
            worker: "w"
        )
        document.stdout = ResultDocument.StreamSummary(
            bytes: ByteCount(9),
            storedBytes: ByteCount(5),
            preview: "hello"
        )
        document.files = [OutputFile(path: "a", bytes: ByteCount(1), sha256: "ab")]
        document.resultsPath = "day/1/2"
        document.wallSeconds = 0.5
        document.memoryPeakBytes = .mebibytes(9)
        let result = try RecordedResult(document: try JSONEncoder().encode(document))
        #expect(result.id == document.id)
        #expect(result.batchID == document.batchID)
        #expect(result.tenant == "acme")
        #expect(result.level?.known == .high)
        #expect(result.labels == document.labels)
        #expect(result.state.known == .failed)
        #expect(result.attempt == 2)
        #expect(result.resultsPath == "day/1/2")
        #expect(result.cases == nil)
        #expect(result.ending.reason?.known == .exitCode)
        #expect(result.ending.exitCode == 3)
        #expect(result.ending.wallSeconds == 0.5)
        #expect(result.ending.memoryPeak == .mebibytes(9))
        #expect(result.ending.stdout?.bytes == ByteCount(9))
        #expect(result.ending.stdout?.storedBytes == ByteCount(5))
        #expect(result.ending.stdout?.preview == "hello")
        #expect(result.ending.files == document.files)
    }

    @Test func aWordOfALaterVersionStandsAsItIs() throws {
        let result = try Self.result(
            #"""
            "state": "paused", "reason": "tired", "level": "urgent",
            "cases": [{"name": "a", "verdict": "lucky"}]
            """#
        )
        #expect(result.state.rawValue == "paused")
        #expect(result.state.known == nil)
        #expect(result.ending.reason?.rawValue == "tired")
        #expect(result.level?.rawValue == "urgent")
        #expect(result.cases?.first?.verdict?.rawValue == "lucky")
        #expect(result.cases?.first?.verdict?.known == nil)
    }

    @Test(arguments: [
        #""stdout": 7"#, #""labels": ["a"]"#, #""files": {}"#, #""cases": null"#,
        #""wall_seconds": "fast""#, #""exit_code": null"#, #""batch_id": "b""#, #""new": [{}]"#,
    ])
    func aFieldOfAnotherFormCostsNoOther(field: String) throws {
        let result = try Self.result(#""state": "succeeded", "tenant": "acme", \#(field)"#)
        #expect(result.state.known == .succeeded)
        #expect(result.tenant == "acme")
    }

    @Test(arguments: [
        "{}", "[]", "", #"{"id": "\#(id)"}"#, #"{"state": "failed"}"#,
        #"{"id": "x", "state": "failed"}"#,
    ])
    func withoutAnIdAndAStateItIsNone(text: String) {
        #expect(throws: DecodingError.self) { try RecordedResult(document: text.utf8) }
    }

    @Test func anEventHasItAsItsData() throws {
        let event = #"{"type": "t", "data": {"id": "\#(Self.id)", "state": "failed"}}"#
        #expect(try RecordedResult(event: event.utf8).state.known == .failed)
        #expect(throws: DecodingError.self) { try RecordedResult(event: "{}".utf8) }
    }
}
