import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// What can be read of the dead letter of a member.
@Suite struct RefusedMemberTests {
    private static let id = "5f0b9b5e-6f64-4b1e-8a51-0d3c2f6f8c11"
    private static let batch =
        #""batch": {"id": "7d0f7a0e-97f3-4b6e-9f0e-3f9b1c1f2a33", "size": 3}"#

    private func member(
        body: String,
        routingKey: String? = "python.low",
        tenant: String = "acme",
        messageID: String? = id,
        errorType: String = "invalid_request"
    ) -> RefusedMember? {
        RefusedMember(
            DeadLetter(
                errorType: errorType,
                reason: "/source: expected a string",
                queue: "sandmill.work.python.low",
                routingKey: routingKey,
                deliveries: 1,
                properties: MessageProperties(messageID: messageID, headers: ["tenant": tenant]),
                body: .complete(Array(body.utf8))
            )
        )
    }

    @Test func isReadWhateverElseIsWrong() throws {
        let expected = RefusedMember(
            id: try #require(UUID(text: Self.id)),
            tenant: "acme",
            pool: "python",
            batch: Submission.Membership(
                id: try #require(UUID(text: "7d0f7a0e-97f3-4b6e-9f0e-3f9b1c1f2a33")),
                size: 3
            )
        )
        let deep = String(repeating: "[", count: 490) + String(repeating: "]", count: 490)
        for fields in [#""source": 1, "#, "", #""limits": -1, "#, "\"labels\": \(deep), "] {
            #expect(member(body: "{\(fields)\(Self.batch)}") == expected)
        }
        #expect(member(body: "{\(Self.batch.dropLast()), \"unknown\": 1}}") == expected)
    }

    @Test(arguments: [
        "", "[]", #"{"source": "1"}"#, #"{"batch": 7}"#, "{\(batch)", "{\(batch), }",
        #"{"batch": {"id": "7", "size": 3}}"#,
        #"{"batch": {"id": "7d0f7a0e-97f3-4b6e-9f0e-3f9b1c1f2a33", "size": 0}}"#,
        #"{"batch": {"id": "7d0f7a0e-97f3-4b6e-9f0e-3f9b1c1f2a33"}}"#,
        "{\"args\": \(String(repeating: "[", count: 40)), \(batch)}",
    ])
    func isNoneWithoutABatch(body: String) {
        #expect(member(body: body) == nil)
    }

    @Test func isNoneWithoutAnIDATenantOrAPool() {
        #expect(member(body: "{\(Self.batch)}", messageID: "s-17") == nil)
        #expect(member(body: "{\(Self.batch)}", messageID: nil) == nil)
        #expect(member(body: "{\(Self.batch)}", tenant: "a b") == nil)
        #expect(member(body: "{\(Self.batch)}", routingKey: nil) == nil)
        #expect(member(body: "{\(Self.batch)}", routingKey: ".low") == nil)
    }

    @Test func isNoneWhenNobodyFoundFaultWithTheContent() {
        for type in ["unroutable", "given_up"] {
            #expect(member(body: "{\(Self.batch)}", errorType: type) == nil)
        }
    }
}
