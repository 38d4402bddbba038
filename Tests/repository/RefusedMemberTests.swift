import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

/// Dead letters that are members of batches which come by many messages.
@Suite("A refused member", .serialized, .timeLimit(.minutes(5)))
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

    @Test func whoseExecutionIsBeingTakenInIsWaitedFor() async throws {
        try await RecordStore.with { store in
            let member = Claim.sample(batch: batch)
            let letter = DeadLetter.member(id: member.submission.id, of: batch)
            try await store.interleave { connection in
                try connection.query(ClaimStatement.sql, ClaimStatement.parameters([member]))
            } with: {
                try await store.letters.keep([letter])
            }
            try await expect(pending: 2, refused: 0, in: store)
        }
    }

    /// Its claim does not see that it was counted, and its batch must not be complete without the others.
    @Test(arguments: [true, false])
    func isNoneIfItIsTakenInWhileItIsCounted(endsFirst: Bool) async throws {
        try await RecordStore.with { store in
            let (member, other) = (Claim.sample(batch: batch), Claim.sample(batch: batch))
            _ = try await store.claim(other)
            let letter = DeadLetter.member(id: member.submission.id, of: batch)
            let batches = [batch.id]
            let attempt = try await store.interleave { connection in
                try connection.query(DeadLetterStatement.lock, [batches])
                try connection.query(DeadLetterStatement.lockedBatches, [batches])
                try DeadLetterStatement.keep(
                    [letter],
                    members: [RefusedMember(letter)],
                    cluster: "test",
                    on: connection
                )
            } with: {
                try await store.claim(member)
            }
            #expect(attempt == 1)
            let (first, last) = endsFirst ? (member, other) : (other, member)
            _ = try await store.executions.finish([.sample(first)])
            try await expect(pending: 1, refused: 0, in: store)
            #expect(try await completions(in: store).isEmpty)
            _ = try await store.executions.finish([.sample(last)])
            try await expect(pending: 0, refused: 0, in: store)
            #expect(try await completions(in: store).count == 1)
        }
    }

    @Test func beyondTheSizeOfItsBatchDoesNotCount() async throws {
        try await RecordStore.with { store in
            try await store.letters.keep((0..<4).map { _ in .member(of: batch) })
            try await expect(pending: 0, refused: 2, in: store)
            #expect(try await completions(in: store).count == 1)
        }
    }

    /// Each id comes twice, once valid and once not, to workers that know nothing of each other.
    @Test func andItsValidCopyCountAsOne() async throws {
        try await RecordStore.with(connections: 8) { store in
            for _ in 0..<40 {
                let batch = Submission.Membership(id: UUID(), size: 2)
                let members = (0..<2).map { _ in Claim.sample(batch: batch) }
                async let kept: Void = store.letters.keep([
                    .member(id: members[0].submission.id, of: batch)
                ])
                async let ended: [OutboxMessage] = {
                    _ = try await store.executions.claim([members[0]])
                    return try await store.executions.finish([.sample(members[0])])
                }()
                _ = try await (kept, ended)
                var record = try #require(await store.executions.batch(batch.id))
                #expect(record.pending == 1)
                _ = try await store.executions.claim([members[1]])
                _ = try await store.executions.finish([.sample(members[1])])
                record = try #require(await store.executions.batch(batch.id))
                #expect(record.pending == 0)
                #expect(record.refused + record.counts.values.reduce(0, +) == 2)
            }
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
    /// The dead letter of a member whose source is a number.
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
    /// Why a claim does not become a member of a batch.
    static let strangerToBatch =
        "the batch has another size, is another tenant's, or is complete in its own message"
}
