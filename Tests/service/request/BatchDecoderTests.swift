import FoundationEssentials
import SandmillEntity
import Testing

@testable import SandmillService

@Suite("BatchDecoder", .timeLimit(.minutes(5)))
struct BatchDecoderTests {
    private static let id = UUID()
    private let decoder = BatchDecoder(decoders: ["python": .sample])

    private func decode(
        _ body: String,
        id: String = Self.id.text,
        tenant: String = "default"
    ) throws -> BatchAdmission {
        try decoder.decode(
            RequestMessage(
                properties: MessageProperties(
                    contentType: "application/json",
                    messageID: id,
                    headers: ["tenant": tenant]
                ),
                body: Array(body.utf8)
            ),
            from: "sandmill.batches",
            worker: "w1"
        )
    }

    @Test func eachMemberIsTheDefaultsAndItsOwn() throws {
        let own = UUID()
        let batch = try decode(
            """
            {"pool": "python", "level": "high", "defaults": {"source": "a", "stdin_base64": "YQ==",
                "labels": {"x": "1", "y": "2"}, "limits": {"wall_seconds": 2}},
             "executions": [{"id": "\(own.text)", "stdin": "b", "labels": {"y": "3"}},
                {"source": "c", "limits": {"cpu_seconds": 1}}]}
            """,
            tenant: "school"
        )
        #expect(batch.id == Self.id)
        #expect(batch.pool == "python")
        #expect(batch.tenant == "school")
        #expect(batch.refused.isEmpty)
        // They come in the order of their ids.
        let submissions = batch.members.map(\.submission)
        let first = try #require(submissions.first { $0.id == own })
        let second = try #require(submissions.first { $0.id != own })
        #expect(first.level == .high)
        #expect(first.tenant == "school")
        #expect(first.program.stdin == Array("b".utf8))
        #expect(first.labels == ["x": "1", "y": "3"])
        #expect(first.batch == Submission.Membership(id: Self.id, size: 2))
        #expect(second.program.files.map(\.content) == [Array("c".utf8)])
        #expect(second.program.stdin == Array("a".utf8))
        #expect(second.program.limits.wall == .seconds(2))
        #expect(second.program.limits.cpu == .seconds(1))
        #expect(batch.members.map(\.intent) == [.park, .park])
    }

    @Test func aMemberWithTwoStandardInputsIsRefusedAsARequestIs() throws {
        let batch = try decode(
            """
            {"defaults": {"source": "", "stdin": "a"},
             "executions": [{"stdin": "b", "stdin_base64": "YQ=="}]}
            """
        )
        #expect(batch.members.isEmpty)
        #expect(batch.refused.first?.reason.contains("/stdin_base64") == true)
    }

    @Test func aMemberIsWhatItsRequestByItselfWouldBe() throws {
        let batch = try decode(#"{"executions": [{"source": "a"}]}"#)
        let member = try #require(batch.members.first)
        let alone = try SubmissionDecoder.sample.decode(member.request, level: .normal)
        #expect(alone == member.submission)
    }

    @Test func membersWithoutIDsHaveTheSameOnesEachTime() throws {
        let text = #"{"executions": [{"source": "a"}, {"source": "a"}, {"source": "a"}]}"#
        let ids = try decode(text).members.map(\.submission.id)
        #expect(Set(ids).count == 3)
        #expect(try decode(text).members.map(\.submission.id) == ids)
        #expect(ids.allSatisfy { $0.text.dropFirst(14).first == "8" })
        let other = try decode(text, id: UUID().text).members.map(\.submission.id)
        #expect(Set(other).isDisjoint(with: ids))
    }

    @Test func neighbouringBatchesShareNoIDs() throws {
        var seen: Set<UUID> = []
        for number in 0..<64 {
            let id = "00000000-0000-4000-8000-0000000000" + (number < 16 ? "0" : "")
            let text =
                #"{"executions": [\#(Array(repeating: "{\"source\": \"\"}", count: 64).joined(separator: ","))]}"#
            let batch = try decode(text, id: id + String(number, radix: 16))
            seen.formUnion(batch.members.map(\.submission.id))
        }
        #expect(seen.count == 64 * 64)
    }

    @Test func aMemberThatCannotBeUnderstoodIsRefusedByItself() throws {
        let batch = try decode(
            """
            {"executions": [{"source": "a"}, {"source": 1}, 7, {"source": "a", "batch": {}},
                {"id": "x", "source": "a"}]}
            """
        )
        #expect(batch.size == 5)
        #expect(batch.members.count == 1)
        let reasons = batch.refused.map(\.reason)
        let start = { (index: Int) in "/executions/\(index) of batch \(Self.id.text): " }
        #expect(
            reasons == [
                start(1) + "/source: expected a string",
                start(2) + "the body: expected an object",
                start(3) + "/batch: it is a member of this one",
                start(4) + "/id: not a UUID",
            ]
        )
        #expect(batch.refused.allSatisfy { $0.routingKey == "python.normal" })
    }

    @Test func ofTwoMembersWithOneIDTheSecondIsRefused() throws {
        let id = UUID().text
        let member = #"{"id": "\#(id)", "source": "a"}"#
        let batch = try decode(#"{"executions": [\#(member), \#(member)]}"#)
        #expect(batch.members.count == 1)
        #expect(batch.refused.map(\.errorType) == ["id_conflict"])
    }

    @Test func beyondWhatMayRunAtOnceMembersAreHeld() throws {
        let batch = try decode(
            #"{"max_running": 2, "defaults": {"source": ""}, "executions": [{}, {}, {}]}"#
        )
        #expect(batch.maximumRunning == 2)
        #expect(batch.members.map(\.intent.rawValue).sorted() == ["hold", "park", "park"])
    }

    @Test(arguments: [
        ("[]", "the body: expected an object"),
        ("{", "the body: not JSON: line 1, column 2: the text ends here"),
        (#"{"executions": []}"#, "/executions: not between 1 and 10000 of them"),
        (#"{"executions": {}}"#, "/executions: expected an array"),
        (#"{}"#, "/executions: expected an array"),
        (#"{"executions": [{}], "x": 1}"#, "/x: there is no such field"),
        (#"{"executions": [{}], "pool": 1}"#, "/pool: expected a string"),
        (#"{"executions": [{}], "pool": "no"}"#, #"/pool: there is no pool "no""#),
        (#"{"executions": [{}], "level": "top"}"#, "/level: not high, normal or low"),
        (
            #"{"executions": [{}], "max_running": 0}"#,
            "/max_running: not a whole number between 1 and 1000000"
        ),
        (
            #"{"executions": [{}], "max_running": 1.5}"#,
            "/max_running: not a whole number between 1 and 1000000"
        ),
        (#"{"executions": [{}], "defaults": 1}"#, "/defaults: expected an object"),
        (
            #"{"executions": [{}], "defaults": {"id": ""}}"#,
            "/defaults/id: each execution has its own"
        ),
        (
            #"{"executions": [{"source": "", "source": ""}]}"#,
            "the body: an object has a field twice"
        ),
        (#"{"executions": [{},]}"#, "the body: not JSON: line 1, column 20: a comma before a } or ]"),
    ])
    func aDocumentThatIsNoBatchIsRefusedAsAWhole(_ body: String, _ reason: String) throws {
        let refusal = try #require(
            #expect(throws: RequestRefusal.self) { try decode(body) }
        )
        #expect(refusal.reason == reason)
    }

    @Test func anIDThatIsNoneIsRefused() throws {
        #expect(throws: RequestRefusal.self) {
            try decode(#"{"executions": [{"source": ""}]}"#, id: "7")
        }
    }

    @Test func aSmallDocumentCannotAskForManyCopiesOfALargeProgram() throws {
        let source = String(repeating: "x", count: 1 << 20)
        let executions = Array(repeating: "{}", count: 100).joined(separator: ",")
        let refusal = try #require(
            #expect(throws: RequestRefusal.self) {
                try decode(
                    #"{"defaults": {"source": "\#(source)"}, "executions": [\#(executions)]}"#
                )
            }
        )
        #expect(refusal.kind == .tooLarge)
    }

    @Test func nestingBeyondItsBoundIsRefused() throws {
        let deep = String(repeating: "[", count: 19) + String(repeating: "]", count: 19)
        let refusal = try #require(
            #expect(throws: RequestRefusal.self) { try decode(#"{"executions": \#(deep)}"#) }
        )
        #expect(refusal.kind == .tooLarge)
    }
}
