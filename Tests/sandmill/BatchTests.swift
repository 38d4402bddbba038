import Foundation
import Testing

extension SystemTests {
    /// A batch is announced once, by the end of its last member.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct BatchTests {
        @Test func batchIsCompletedOnceWithItsCounts() async throws {
            let installation = try Installation.current
            let batch = JSON.string(UUID().uuidString.lowercased())
            let sources = Array(repeating: "print(1)", count: 5) + ["exit(3)", "1/0", "exit(4)"]
            var ids: [UUID] = []
            for (index, source) in sources.enumerated() {
                ids.append(
                    try await installation.submit(
                        [
                            "source": .string(source),
                            "batch": ["id": batch, "size": .number(Double(sources.count))],
                        ],
                        level: ["high", "normal", "low"][index % 3]
                    )
                )
            }
            let message = try await installation.events.message { $0.event["subject"] == batch }
            #expect(message.routingKey == "batch.completed.python.default")
            #expect(message.properties["message_id"] == message.event["id"])
            #expect(message.event["type"] == "dev.sandmill.batch.completed.v1")
            #expect(message.event["source"] == .string("/sandmill/\(installation.name)"))
            let data = message.event["data"]
            #expect(data["id"] == batch)
            #expect(data["size"] == 8)
            #expect(data["counts"]["succeeded"] == 5)
            #expect(data["counts"]["failed"] == 3)
            #expect(data["counts"].fields.values.compactMap(\.double).reduce(0, +) == 8)

            try await installation.expectOneEnd(of: ids)
            let announcements = await installation.events.messages.filter {
                $0.event["subject"] == batch
            }
            #expect(announcements.count == 1)
            for id in ids { #expect(try await installation.record(id)["batch_id"] == batch) }
        }

        @Test func aBatchDoesNotWaitForAMemberThatIsRefused() async throws {
            let installation = try Installation.current
            let batch = JSON.string(UUID().uuidString.lowercased())
            let membership: JSON = ["id": batch, "size": 2]
            try await installation.submit(["source": 1, "batch": membership])
            try await installation.submit(["source": "print(1)", "batch": membership])
            let completion = try await installation.events.message { $0.event["subject"] == batch }
            let data = completion.event["data"]
            #expect(data["counts"]["succeeded"] == 1)
            #expect(data["refused"] == 1)
        }

        @Test func memberWithAnotherSizeIsAConflict() async throws {
            let installation = try Installation.current
            let batch = JSON.string(UUID().uuidString)
            try await installation.submit(
                ["source": "print(1)", "batch": ["id": batch, "size": 2]]
            )
            try await installation.submit(
                ["source": "print(1)", "batch": ["id": batch, "size": 3]]
            )
            try await eventually(within: .seconds(30), "there is a dead letter") {
                try await installation.query(
                    "select 1 from dead_letters where error_type = 'id_conflict'"
                ).count == 1
            }
        }
    }
}
