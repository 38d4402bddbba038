import Foundation
import SandmillEntity
import Testing

@testable import SandmillClient
@testable import SandmillService

/// A batch as one message, and what a worker reads of it.
@Suite struct BatchMessageTests {
    private static func draft(_ lines: [String], level: Level = .normal) throws -> BatchDraft {
        try BatchDraft(ndjson: Array(lines.joined(separator: "\n").utf8), level: level)
    }

    private static func entries(
        _ draft: BatchDraft,
        id: UUID,
        tenant: String = "default"
    ) -> [Submitter.Entry] {
        draft.entries(
            id: id,
            ids: draft.members.map { $0.id ?? .random() },
            template: Submitter.Entry(
                id: .random(),
                pool: "python",
                level: .normal,
                tenant: tenant,
                body: []
            )
        )
    }

    private static func message(
        _ draft: BatchDraft,
        id: UUID = .random(),
        maximumRunning: Int? = nil,
        limit: ByteCount = .mebibytes(8)
    ) throws -> BatchMessage {
        try BatchMessage(
            draft,
            entries: entries(draft, id: id),
            id: id,
            maximumRunning: maximumRunning,
            limit: limit
        )
    }

    @Test func workerReadsTheSameRequestsAsOfAMessageAMember() throws {
        let draft = try Self.draft(
            [
                #"{"source": "print(1)", "stdin": "a", "labels": {"n": "1"}, "env": {"A": "1"}}"#,
                #"{"source": "print(1)", "stdin_base64": "Yg==", "labels": {"n": "2"}}"#,
                #"{"source": "print(1)", "labels": {"n": "3"}, "env": {"A": "1"}, "args": ["x"]}"#,
            ],
            level: .low
        )
        let id = UUID.random()
        let entries = Self.entries(draft, id: id, tenant: "acme")
        let message = try BatchMessage(
            draft,
            entries: entries,
            id: id,
            maximumRunning: 2,
            limit: .mebibytes(8)
        )
        let limits = Limits(
            wall: .seconds(10),
            cpu: .seconds(5),
            memory: .mebibytes(128),
            processes: 32,
            stdout: .mebibytes(1),
            stderr: .mebibytes(1),
            output: .mebibytes(16),
            outputFiles: 100
        )
        let decoder = SubmissionDecoder(
            pool: SubmissionDecoder.Pool(
                name: "python",
                runtimes: [.python],
                limits: LimitPolicy(
                    defaults: limits,
                    maxima: limits,
                    killsOnExcessOutput: false
                )
            )
        )
        let admission = try BatchDecoder(decoders: ["python": decoder]).decode(
            message.message,
            from: "q",
            worker: "w"
        )
        #expect(admission.id == id)
        #expect(admission.tenant == "acme")
        #expect(admission.maximumRunning == 2)
        #expect(admission.refused.isEmpty)
        let alone = try entries.map { try decoder.decode($0.message, level: .low) }
        let together = Dictionary(
            uniqueKeysWithValues: admission.members.map { ($0.submission.id, $0.submission) }
        )
        #expect(together == Dictionary(uniqueKeysWithValues: alone.map { ($0.id, $0) }))
    }

    @Test func whatAllHaveAlikeIsInItOnce() throws {
        let program = String(repeating: "#", count: 100_000)
        let draft = try Self.draft(
            (0..<50).map { #"{"source": "\#(program)", "stdin": "\#($0)"}"# }
        )
        #expect(try Self.message(draft).message.body.count < 110_000)
    }

    @Test func whatDoesNotFitIsNoMessage() throws {
        let levels = try Self.draft([#"{"source": "1", "level": "high"}"#, #"{"source": "1"}"#])
        let many = try Self.draft(Array(repeating: #"{"source": "1"}"#, count: 10_001))
        let large = try Self.draft([#"{"source": "\#(String(repeating: "#", count: 2_000))"}"#])
        let arrays = String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
        let deep = try Self.draft([#"{"source": "1", "args": \#(arrays)}"#])
        for (draft, reason) in [
            (levels, "different levels"), (many, "more than 10000 members"),
            (large, "above the 2000 of a message"), (deep, "nested deeper than 18 levels"),
        ] {
            let misfit = try #require(throws: BatchMessage.Misfit.self) {
                try Self.message(draft, limit: ByteCount(2_000))
            }
            #expect(misfit.reason.contains(reason), "\(misfit.reason)")
        }
    }

    @Test func whatAWorkerWouldRefuseForItsCopiesIsNoMessage() throws {
        let draft = try Self.draft([#"{"source": "1"}"#, #"{"source": "1"}"#])
        var entries = Self.entries(draft, id: .random())
        for index in entries.indices { entries[index].body = Array(repeating: 0, count: 33 << 20) }
        let misfit = try #require(throws: BatchMessage.Misfit.self) {
            try BatchMessage(
                draft,
                entries: entries,
                id: .random(),
                maximumRunning: nil,
                limit: .mebibytes(8)
            )
        }
        #expect(misfit.reason.contains("bytes in all"))
    }

    @Test(arguments: [
        (#"{"source": "1"}"# + "\n[]", "line 2: not a JSON object"),
        (#"{"id": "17"}"#, "line 1: \"id\" is not a UUID"),
        ("\n" + #"{"level": "top"}"#, "line 2: \"level\" is not high, normal or low"),
        (" \n\r\n", "line 1: there is no request"),
        (
            #"{"id": "00000000-0000-7000-8000-00000000000A"}"# + "\n"
                + #"{"id": "00000000-0000-7000-8000-00000000000a"}"#,
            "line 2: \"id\" is that of a line before it"
        ),
    ])
    func mistakeInAFileIsToldWithItsLine(text: String, problem: String) throws {
        let error = try #require(throws: BatchDraft.Problem.self) { try Self.draft([text]) }
        #expect("\(error)" == problem)
    }
}
