import FoundationEssentials
import SandmillEntity
import Testing

@testable import SandmillService

@Suite("Documents and events")
struct DocumentTests {
    @Test func theResultDocumentHasEveryKeyOfTheContract() throws {
        #expect(
            String(decoding: DocumentCoder.encode(try Self.document()), as: UTF8.self) == Self.full
        )
    }

    @Test func whatIsNotKnownIsNull() {
        let document = ResultDocument(
            id: Self.id,
            tenant: "default",
            pool: "python",
            level: .normal,
            runtime: "python",
            batchID: nil,
            labels: [:],
            outcome: Outcome(.expired),
            attempt: 1,
            submittedAt: Self.date,
            startedAt: nil,
            finishedAt: Self.date,
            worker: "host-a"
        )
        let text = String(decoding: DocumentCoder.encode(document), as: UTF8.self)
        let unknown = [
            "batch_id", "build", "cases", "cpu_seconds", "exit_code", "image", "memory_peak_bytes",
            "points", "reason", "rerun_of", "results_path", "score", "signal", "started_at",
            "wall_seconds",
        ]
        for key in unknown { #expect(text.contains("\"\(key)\":null")) }
    }

    @Test func theEventIsACloudEventAroundTheDocument() throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let event = try Self.event(headers: ["traceparent": trace])
        let expected =
            "{\"data\":\(Self.full),\"datacontenttype\":\"application/json\","
            + "\"id\":\"\(try #require(event.properties.messageID))\","
            + "\"source\":\"/sandmill/east\",\"specversion\":\"1.0\","
            + "\"subject\":\"0e8f2c64-00ab-7000-8000-00000000cdef\","
            + "\"time\":\"2026-11-23T17:00:00.129Z\",\"traceparent\":\"\(trace)\","
            + "\"type\":\"dev.sandmill.execution.finished.v1\"}"
        #expect(String(decoding: event.body, as: UTF8.self) == expected)
    }

    @Test func anEventWithoutATraceHasNoTraceparent() throws {
        let event = try Self.event(headers: [:])
        #expect(!String(decoding: event.body, as: UTF8.self).contains("traceparent"))
    }

    @Test func theRoutingKeyNamesStatePoolAndTenant() throws {
        let event = try Self.event(tenant: "team.a", headers: [:])
        #expect(event.routingKey == "execution.succeeded.python.team_a")
    }

    @Test func everyMillisecondIsWrittenAsItIs() throws {
        for millisecond in 0..<1_000 {
            let date = Date(
                timeIntervalSince1970: (1_795_453_200_000 + Double(millisecond)) / 1_000
            )
            let text = String(decoding: DocumentCoder.encode([date]), as: UTF8.self)
            let digits = String(String(millisecond + 1_000).dropFirst())
            #expect(text == "[\"2026-11-23T17:00:00.\(digits)Z\"]")
        }
    }

    @Test(arguments: [
        ("2026-11-23T17:00:00Z", 1_795_453_200.0),
        ("2026-11-23T17:00:00.5Z", 1_795_453_200.5),
        ("2026-11-23T17:00:00.123456Z", 1_795_453_200.123456),
        ("2026-11-23T17:00:00+02:00", 1_795_446_000.0),
        ("2026-11-23T17:00:00.250-02:30", 1_795_462_200.25),
        ("2026-11-23T17:00:00+23:59", 1_795_366_860.0),
        ("2024-02-29T23:59:59Z", 1_709_251_199.0),
    ])
    func aTimeOfRFC3339IsRead(text: String, seconds: Double) throws {
        #expect(try #require(DocumentCoder.timestamp(text)).timeIntervalSince1970 == seconds)
    }

    @Test(arguments: [
        "", "now", "2026-11-23", "2026-11-23T17:00:00", "2026-11-23 17:00:00Z",
        "2026-11-23T17:00:00Zjunk", "2026-11-23T17:00:00.Z", "2026-11-23T25:00:00Z",
        "2026-11-23T17:60:00Z", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "26-11-23T17:00:00Z", "99999-01-01T00:00:00Z",
        "2026-11-23T17:00:00+99:99", "2026-11-23T17:00:00+0200", "1795453200",
        " 2026-11-23T17:00:00Z", "2026-11-23T17:00:00Z\n",
    ])
    func whatIsNoTimeOfRFC3339IsRefused(text: String) {
        #expect(DocumentCoder.timestamp(text) == nil)
    }

    private static let id =
        UUID(uuidString: "0E8F2C64-00AB-7000-8000-00000000CDEF") ?? UUID()
    private static let date = Date(timeIntervalSince1970: 1_795_453_200.129)

    /// The event that announces the document.
    private static func event(
        tenant: String = "default",
        headers: [String: String]
    ) throws -> OutboundMessage {
        var document = try document()
        document.tenant = tenant
        let messages = CompletionEventFactory(cluster: "east").messages(
            for: document,
            encodedAs: DocumentCoder.encode(document),
            of: MessageProperties(headers: headers)
        )
        #expect(messages.count == 1)
        return try #require(messages.first)
    }

    private static func document() throws -> ResultDocument {
        var document = ResultDocument(
            id: id,
            tenant: "default",
            pool: "python",
            level: .normal,
            runtime: "python",
            batchID: id,
            labels: ["student": "s/17"],
            outcome: Outcome(of: SandboxReport.success.exit, within: .sample),
            attempt: 1,
            submittedAt: date,
            startedAt: date,
            finishedAt: date,
            worker: "host-a"
        )
        document.build = ResultDocument.Build(
            output: .init(bytes: ByteCount(3), storedBytes: ByteCount(3), preview: "w\n"),
            wallSeconds: 0.6,
            cpuSeconds: 0.5,
            memoryPeakBytes: ByteCount(4_096)
        )
        document.wallSeconds = 0.0041
        document.cpuSeconds = 0.0032
        document.memoryPeakBytes = .mebibytes(9)
        document.stdout = ResultDocument.StreamSummary(
            bytes: ByteCount(9 as Int64),
            storedBytes: ByteCount(7 as Int64),
            preview: "499500\n"
        )
        document.files = [
            OutputFile(path: "out.csv", bytes: ByteCount(120 as Int64), sha256: "ab12")
        ]
        document.skipped = [SkippedFile(path: "evil", reason: .symlink)]
        document.score = 0
        document.points = 2.5
        document.cases = [try Self.caseResult()]
        document.resultsPath = "2026-11-23/x/1"
        document.image = "sha256:cafe"
        return document
    }

    private static func caseResult() throws -> CaseResult {
        var result = CaseResult(
            skipping: TestCase(name: "a", arguments: [], stdin: [], points: 2.5)
        )
        result.verdict = .wrongAnswer
        result.difference = OutputDifference(line: 2, column: 1, expected: nil, got: "5")
        result.exitCode = 0
        result.wallSeconds = 0.25
        result.files = [OutputFile(path: "x", bytes: ByteCount(1 as Int64), sha256: "cd")]
        return result
    }

    private static let full =
        "{\"attempt\":1,\"batch_id\":\"0e8f2c64-00ab-7000-8000-00000000cdef\","
        + "\"build\":{\"cpu_seconds\":0.5,\"memory_peak_bytes\":4096,"
        + "\"output\":{\"bytes\":3,\"preview\":\"w\\n\",\"stored_bytes\":3,\"truncated\":false},"
        + "\"wall_seconds\":0.6},"
        + "\"cases\":[{\"cpu_seconds\":null,"
        + "\"difference\":{\"column\":1,\"expected\":null,\"got\":\"5\",\"line\":2},"
        + "\"exit_code\":0,"
        + "\"files\":[{\"bytes\":1,\"path\":\"x\",\"sha256\":\"cd\"}],"
        + "\"memory_peak_bytes\":null,\"name\":\"a\",\"points\":2.5,\"reason\":null,"
        + "\"score\":0,\"signal\":null,"
        + "\"skipped\":[],"
        + "\"stderr\":{\"bytes\":0,\"preview\":\"\",\"stored_bytes\":0,\"truncated\":false},"
        + "\"stdout\":{\"bytes\":0,\"preview\":\"\",\"stored_bytes\":0,\"truncated\":false},"
        + "\"verdict\":\"wrong_answer\",\"wall_seconds\":0.25}],"
        + "\"cpu_seconds\":0.0032,\"exit_code\":0,"
        + "\"files\":[{\"bytes\":120,\"path\":\"out.csv\",\"sha256\":\"ab12\"}],"
        + "\"finished_at\":\"2026-11-23T17:00:00.129Z\","
        + "\"id\":\"0e8f2c64-00ab-7000-8000-00000000cdef\",\"image\":\"sha256:cafe\","
        + "\"labels\":{\"student\":\"s/17\"},\"level\":\"normal\","
        + "\"memory_peak_bytes\":9437184,\"missing\":[],\"points\":2.5,\"pool\":\"python\","
        + "\"reason\":null,"
        + "\"rerun_of\":null,"
        + "\"results_path\":\"2026-11-23/x/1\",\"runtime\":\"python\",\"score\":0,"
        + "\"signal\":null,\"skipped\":[{\"path\":\"evil\",\"reason\":\"symlink\"}],"
        + "\"started_at\":\"2026-11-23T17:00:00.129Z\",\"state\":\"succeeded\","
        + "\"stderr\":{\"bytes\":0,\"preview\":\"\",\"stored_bytes\":0,\"truncated\":false},"
        + "\"stdout\":{\"bytes\":9,\"preview\":\"499500\\n\",\"stored_bytes\":7,"
        + "\"truncated\":true},\"submitted_at\":\"2026-11-23T17:00:00.129Z\","
        + "\"tenant\":\"default\",\"wall_seconds\":0.0041,\"worker\":\"host-a\"}"
}
