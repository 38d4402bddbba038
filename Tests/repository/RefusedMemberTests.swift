import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

/// Dead letters that are members of batches which come by many messages.
@Suite("A refused member", .serialized, .timeLimit(.minutes(2)))
struct RefusedMemberTests {
    private let batch = Submission.Membership(id: UUID(), size: 2)

    private func expect(
        pending: Int,
        refused: Int,
        in store: RecordStore,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let record = try #require(await store.executions.batch(batch.id), sourceLocation: location)
        #expect(record.pending == pending, sourceLocation: location)
        #expect(record.refused == refused, sourceLocation: location)
    }

    private func completions(in store: RecordStore) async throws -> [String] {
        try await store.pool.query(
            "select message->>'routing_key' as key from outbox where message->>'routing_key' like 'batch.%'"
        )
        .map { try $0["key"] }
    }

    @Test func isNotWaitedForAndCountsOnce() async throws {
        try await RecordStore.with { store in
            let member = Claim.sample(batch: batch)
            _ = try await store.claim(member)
            let letter = DeadLetter.member(of: batch)
            for _ in 0..<3 { try await store.letters.keep([letter, letter]) }
            try await expect(pending: 1, refused: 1, in: store)
            #expect(try await completions(in: store).isEmpty)
            _ = try await store.executions.finish([.sample(member)])
            try await expect(pending: 0, refused: 1, in: store)
            #expect(try await completions(in: store) == ["batch.completed.python.default"])
        }
    }

    @Test func theLastOfAllCompletesTheirBatch() async throws {
        try await RecordStore.with { store in
            try await store.letters.keep([.member(of: batch)])
            try await expect(pending: 1, refused: 1, in: store)
            try await store.letters.keep([.member(of: batch)])
            try await expect(pending: 0, refused: 2, in: store)
            #expect(try await completions(in: store) == ["batch.completed.python.default"])
            try await store.letters.keep([.member(of: batch)])
            try await expect(pending: 0, refused: 2, in: store)
        }
    }

    @Test func countsAgainOnceItIsMended() async throws {
        try await RecordStore.with { store in
            let id = UUID()
            try await store.letters.keep([.member(id: id, of: batch)])
            _ = try await store.claim(.sample(batch: batch))
            try await expect(pending: 1, refused: 1, in: store)
            _ = try await store.claim(.sample(id: id, batch: batch))
            try await expect(pending: 2, refused: 0, in: store)
            try await store.letters.keep([.member(id: id, of: batch)])
            try await expect(pending: 2, refused: 0, in: store)
        }
    }

    @Test func whoseExecutionIsThereIsWaitedFor() async throws {
        try await RecordStore.with { store in
            let member = Claim.sample(batch: batch)
            _ = try await store.claim(member)
            try await store.letters.keep([.member(id: member.submission.id, of: batch)])
            try await expect(pending: 2, refused: 0, in: store)
        }
    }

    @Test func thatIsAStrangerDoesNotCount() async throws {
        try await RecordStore.with { store in
            _ = try await store.claim(.sample(batch: batch))
            try await store.letters.keep([
                .member(of: Submission.Membership(id: batch.id, size: 3)),
                .member(of: batch, tenant: "b"),
            ])
            try await expect(pending: 2, refused: 0, in: store)
        }
    }

    @Test func thatNobodyFoundFaultWithIsWaitedFor() async throws {
        try await RecordStore.with { store in
            var unroutable = DeadLetter.member(of: batch)
            unroutable.errorType = "unroutable"
            try await store.letters.keep([unroutable])
            #expect(try await store.executions.batch(batch.id) == nil)
        }
    }

    @Test func meetsTheOthersWhileTheirBatchIsMade() async throws {
        try await RecordStore.with { store in
            for _ in 0..<25 {
                let batch = Submission.Membership(id: UUID(), size: 4)
                async let claimed = store.executions.claim([.sample(batch: batch)])
                async let first: Void = store.letters.keep([.member(of: batch)])
                async let second: Void = store.letters.keep([.member(of: batch)])
                _ = try await (claimed, first, second)
                let record = try #require(await store.executions.batch(batch.id))
                #expect(record.pending == 2)
                #expect(record.refused == 2)
            }
        }
    }
}

extension DeadLetter {
    /// The letter of a member whose source is a number.
    static func member(
        id: UUID = UUID(),
        of batch: Submission.Membership,
        tenant: String = "default"
    ) -> DeadLetter {
        let body = """
            {"source": 1, "batch": {"id": "\(batch.id.text)", "size": \(batch.size)}}
            """
        return DeadLetter(
            errorType: "invalid_request",
            reason: "/source: expected a string",
            queue: "sandmill.work.python.normal",
            routingKey: "python.normal",
            deliveries: 1,
            properties: MessageProperties(messageID: id.text, headers: ["tenant": tenant]),
            body: .complete(Array(body.utf8))
        )
    }
}

extension String {
    /// Why a claim does not become a member of a batch of so many.
    static func strangerToBatch(of size: Int) -> String {
        "the batch has \(size) members, is another tenant's, or is complete in its own message"
    }
}
