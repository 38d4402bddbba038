import Foundation
import Testing

extension SystemTests {
    /// The id of a request is its publisher's idempotency key.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct DuplicateRequestTests {
        @Test func sameRequestTwiceRunsOnceAndIsAnnouncedOnce() async throws {
            let installation = try Installation.current
            let id = UUID()
            for _ in 1...3 { try await installation.submit(["source": "print(1)"], id: id) }
            _ = try await installation.events.finished(id)
            try await installation.submit(["source": "print(1)"], id: id)
            try await installation.expectOneEnd(of: [id])
        }

        @Test func sameIdWithAnotherBodyIsAConflictAndTheFirstStands() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(["source": "print('first')"])
            let event = try await installation.events.finished(id)
            try await installation.submit(["source": "print('second')"], id: id)
            try await eventually(within: .seconds(30), "there is a dead letter") {
                try await !installation.query("select 1 from dead_letters").isEmpty
            }
            let letters = try await installation.query(
                "select error_type, properties->>'message_id' as id from dead_letters"
            )
            #expect(
                letters == [
                    ["error_type": "id_conflict", "id": .string(id.uuidString.lowercased())]
                ]
            )
            try await installation.expectOneEnd(of: [id])
            #expect(try await installation.record(id)["result"] == event["data"])
        }
    }
}
