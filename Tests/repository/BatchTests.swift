import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite("A batch", .serialized, .timeLimit(.minutes(5)))
struct BatchTests {
    private func members(_ size: Int, tenant: String = "default") -> [Claim] {
        let batch = Submission.Membership(id: UUID(), size: size)
        return (0..<size).map { _ in .sample(tenant: tenant, batch: batch) }
    }

    private func batchID(_ claims: [Claim]) throws -> UUID {
        try #require(claims.first?.submission.batch?.id)
    }

    @Test func itsRowIsThereWithItsFirstMember() async throws {
        try await RecordStore.with { store in
            let claims = members(40)
            _ = try await store.claim(claims[0])
            let batch = try await store.executions.batch(try batchID(claims))
            #expect(batch?.size == 40)
            #expect(batch?.pending == 40)
            #expect(batch?.counts == [:])
            #expect(batch?.tenant == "default")
            #expect(try await store.executions.batch(UUID()) == nil)
        }
    }

    @Test func itsLastMemberWritesItsCompletion() async throws {
        try await RecordStore.with { store in
            let claims = members(3, tenant: "school.a")
            _ = try await store.executions.claim(claims)
            let first = try await store.executions.finish([.sample(claims[0])])
            #expect(first.count == 1)
            let last = try await store.executions.finish([
                .sample(claims[1]),
                .sample(claims[2], outcome: Outcome(.errored, .sandboxLost)),
            ])
            #expect(last.count == 3)
            let completion = try #require(
                last.first { $0.message.routingKey.hasPrefix("batch.") }
            )
            #expect(completion.message.exchange == .events)
            #expect(completion.message.routingKey == "batch.completed.python.school_a")
            #expect(completion.message.properties.contentType == "application/cloudevents+json")
            try expectCompletion(completion.message, of: try batchID(claims))
            let batch = try #require(await store.executions.batch(try batchID(claims)))
            #expect(batch.pending == 0)
            #expect(batch.counts == [.cancelled: 2, .errored: 1])
        }
    }

    private func expectCompletion(_ message: OutboundMessage, of batch: UUID) throws {
        let envelope = try #require(
            try JSONSerialization.jsonObject(with: Data(message.body)) as? [String: Any]
        )
        #expect(envelope["specversion"] as? String == "1.0")
        #expect(envelope["id"] as? String == message.properties.messageID)
        #expect(envelope["source"] as? String == "/sandmill/test")
        #expect(envelope["type"] as? String == "dev.sandmill.batch.completed.v1")
        #expect(envelope["subject"] as? String == batch.uuidString.lowercased())
        let time = try #require(envelope["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let data = try #require(envelope["data"] as? [String: Any])
        #expect(data["size"] as? Int == 3)
        #expect(data["tenant"] as? String == "school.a")
        let counts = try #require(data["counts"] as? [String: Int])
        #expect(counts["cancelled"] == 2)
        #expect(counts["errored"] == 1)
        #expect(counts["succeeded"] == 0)
    }

    @Test func itIsCompletedOnceWhenItsLastMembersEndAtOnce() async throws {
        try await RecordStore.with { store in
            for _ in 0..<25 {
                let batches = (0..<4).map { _ in members(2) }
                _ = try await store.executions.claim(batches.flatMap { $0 })
                // The two workers end the batches in opposite orders.
                async let here = store.executions.finish(batches.map { .sample($0[0]) })
                async let there = store.executions.finish(batches.reversed().map { .sample($0[1]) })
                let messages = try await here + there
                let completions = messages.filter { $0.message.routingKey.hasPrefix("batch.") }
                #expect(completions.count == 4)
                for batch in batches {
                    #expect(try await store.executions.batch(try batchID(batch))?.pending == 0)
                }
            }
        }
    }

    @Test func itIsMadeOnceByTwoWorkersAtOnce() async throws {
        try await RecordStore.with { store in
            for _ in 0..<25 {
                let claims = members(20)
                async let here = store.executions.claim(Array(claims[..<10]))
                async let there = store.executions.claim(Array(claims[10...]))
                for outcome in try await here + there {
                    #expect(outcome.attempt == 1)
                }
            }
        }
    }

    @Test func aMemberThatNamesAnotherSizeOrTenantIsAConflict() async throws {
        try await RecordStore.with { store in
            let claims = members(3)
            _ = try await store.claim(claims[0])
            let batch = try batchID(claims)
            let odd = Claim.sample(batch: Submission.Membership(id: batch, size: 4))
            let foreign = Claim.sample(
                tenant: "b",
                batch: Submission.Membership(id: batch, size: 3)
            )
            let conflict = ClaimOutcome.conflict(.strangerToBatch)
            #expect(try await store.executions.claim([odd, foreign]) == [conflict, conflict])
            #expect(try await store.executions.execution(odd.submission.id) == nil)

            let other = UUID()
            let both = [2, 3].map { size in
                Claim.sample(batch: Submission.Membership(id: other, size: size))
            }
            let outcomes = try await store.executions.claim(both)
            #expect(outcomes[1] == .conflict(.strangerToBatch))
        }
    }

    @Test func membersBeyondItsSizeAreNotCounted() async throws {
        try await RecordStore.with { store in
            let batch = Submission.Membership(id: UUID(), size: 3)
            let claims = (0..<5).map { _ in Claim.sample(batch: batch) }
            _ = try await store.executions.claim(claims)
            let outcome = Outcome(.succeeded)
            _ = try await store.executions.finish([.sample(claims[0], outcome: outcome)])
            let ends = claims[1...].map { FinishedExecution.sample($0, outcome: outcome) }
            let messages = try await store.executions.finish(ends)
            #expect(messages.count { $0.message.routingKey.hasPrefix("batch.") } == 1)
            let record = try #require(await store.executions.batch(batch.id))
            #expect(record.pending == 0)
            #expect(record.counts == [.succeeded: 3])
        }
    }

    @Test func whatEndsAfterItsCompletionChangesNothingOfIt() async throws {
        try await RecordStore.with { store in
            let claims = members(2)
            let late = Claim.sample(batch: claims[0].submission.batch)
            let outcomes = try await store.executions.claim(claims + [late])
            try #require(outcomes.allSatisfy { $0.attempt == 1 })
            _ = try await store.executions.finish(claims.map { .sample($0) })
            let completed = try await store.executions.batch(try batchID(claims))
            #expect(completed?.pending == 0)
            let messages = try await store.executions.finish([.sample(late)])
            #expect(messages.map(\.message.routingKey) == ["execution.cancelled.python.default"])
            #expect(try await store.executions.batch(try batchID(claims)) == completed)
        }
    }

    @Test func aRetryDoesNotCountAndAReplayDoesNotCountTwice() async throws {
        try await RecordStore.with { store in
            let claims = members(2)
            _ = try await store.executions.claim(claims)
            try await store.executions.retry([.sample(claims[0], delay: .zero)])
            let end = FinishedExecution.sample(claims[1])
            _ = try await store.executions.finish([end])
            _ = try await store.executions.finish([end])
            #expect(try await store.executions.batch(try batchID(claims))?.pending == 1)
            let again = claims[0].redelivered()
            #expect(try await store.claim(again) == 2)
            #expect(try await store.executions.finish([.sample(again, attempt: 2)]).count == 2)
        }
    }
}
