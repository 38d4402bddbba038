import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

/// Batches that come as one message.
@Suite("A batch in one message", .serialized, .timeLimit(.minutes(5)))
struct BatchAdmissionTests {
    private func take(_ count: Int, in store: RecordStore) async throws -> [TakenExecution] {
        try await store.executions.take(
            TakeRequest(token: UUID(), worker: "worker-a", pool: "python", count: count, held: [:])
        )
    }

    private func finish(_ taken: [TakenExecution], of batch: BatchAdmission) -> [FinishedExecution]
    {
        let ids = Set(taken.map(\.unrunnable.record.id))
        return batch.members.filter { ids.contains($0.submission.id) }.map { .sample($0) }
    }

    @Test func allOfTenThousandMembersWaitAfterOneTransaction() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(10_000)
            let outcome = try await store.executions.admit(batch)
            #expect(outcome.refusedCount == 0)
            #expect(
                try await store.executions.parkedCount(pool: "python", upTo: 20_000) == 10_000
            )
            #expect(try await store.executions.batch(batch.id)?.pending == 10_000)
            #expect(try await store.value("select count(distinct xmin::text) from executions") == 1)
            #expect(try await take(50, in: store).count == 50)
        }
    }

    @Test func theSameMessageAgainChangesNothing() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(3, refused: 1)
            let outcome = try await store.executions.admit(batch)
            #expect(outcome.refusedCount == 1)
            #expect(try await store.executions.admit(batch) == .duplicate)
            #expect(try await store.value("select count(*) from dead_letters") == 1)
            var other = batch
            other.message.body += [0x20]
            #expect(
                try await store.executions.admit(other)
                    == .conflict("the id is that of another batch")
            )
        }
    }

    @Test func aMemberThatIsRefusedIsADeadLetterAndTheRestCompletesTheBatch() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(2, refused: 1, replyTo: "replies")
            _ = try await store.executions.admit(batch)
            let record = try #require(await store.executions.batch(batch.id))
            #expect(record.size == 3)
            #expect(record.pending == 2)
            #expect(record.refused == 1)
            let taken = try await take(9, in: store)
            let messages = try await store.executions.finish(finish(taken, of: batch))
            let completions = messages.filter { $0.message.body.starts(with: Array("{".utf8)) }
            let keys = completions.map(\.message.routingKey).sorted()
            #expect(keys == ["batch.completed.python.default", "replies"])
            #expect(Set(completions.map(\.message.properties.messageID)).count == 1)
            let event = try JSON.object(completions[0].message.body)
            let data = try #require(event["data"] as? [String: Any])
            #expect(data["refused"] as? Int == 1)
            #expect(data["size"] as? Int == 3)
        }
    }

    @Test func aBatchWhoseMembersAreAllRefusedIsCompletedAtOnce() async throws {
        try await RecordStore.with { store in
            _ = try await store.executions.admit(BatchAdmission.sample(0, refused: 2))
            let due = try await store.outbox.lease(by: "worker-a", holding: [], limit: 9)
            #expect(
                due.map(\.message.routingKey) == [
                    "request.refused.python.default", "request.refused.python.default",
                    "batch.completed.python.default",
                ]
            )
        }
    }

    @Test func aMemberWhoseIDIsKnownIsRefused() async throws {
        try await RecordStore.with { store in
            var batch = BatchAdmission.sample(3)
            let known = Claim.sample(id: batch.members[0].submission.id, body: "{}")
            _ = try await store.claim(known)
            batch.members[2] = batch.members[1]
            #expect(try await store.executions.admit(batch).refusedCount == 2)
            #expect(try await store.executions.batch(batch.id)?.pending == 1)
            #expect(
                try await store.value(
                    "select count(*) from dead_letters where error_type = 'id_conflict'"
                ) == 2
            )
        }
    }

    @Test func aMemberThatAnotherBatchHasRunsOnceAndIsNoDeadLetter() async throws {
        try await RecordStore.with { store in
            func batch(of members: [(id: UUID, source: String)]) -> BatchAdmission {
                var batch = BatchAdmission.sample(members.count)
                batch.members = members.map { id, source in
                    Claim.sample(
                        id: id,
                        intent: .park,
                        body: #"{"batch": {"id": "\#(batch.id)"}, "source": "\#(source)"}"#,
                        batch: batch.members[0].submission.batch
                    )
                }
                return batch
            }
            let ids = (0..<4).map { _ in UUID() }
            let first = batch(of: [(ids[0], "0"), (ids[1], "1")])
            #expect(try await store.executions.admit(first).refusedCount == 0)
            // One is as it was, one is other work with an id that is known, and one is new.
            let second = batch(of: [(ids[0], "0"), (ids[1], "other"), (ids[2], "2")])
            #expect(try await store.executions.admit(second).refusedCount == 2)
            let record = try #require(try await store.executions.batch(second.id))
            #expect((record.size, record.pending, record.refused) == (3, 1, 2))
            #expect(try await store.executions.sharedMembers(of: second.id) == [ids[0]])
            let letters = "select count(*) from dead_letters"
            #expect(try await store.value(letters) == 1)
            let taken = try await take(10, in: store)
            #expect(Set(taken.map(\.unrunnable.record.id)) == Set(ids[0...2]))
            #expect(try await store.executions.batch(first.id)?.refused == 0)

            // What another tenant has, and what is in another pool or level, is other work.
            var third = batch(of: [(ids[0], "0"), (ids[2], "2")])
            #expect(try await store.executions.admit(third).refusedCount == 2)
            #expect(try await store.executions.batch(third.id)?.finishedAt != nil)
            #expect(try await store.value(letters) == 1)
            third = batch(of: [(ids[0], "0")])
            third.members[0].submission.level = .low
            #expect(try await store.executions.admit(third).refusedCount == 1)
            #expect(try await store.value(letters) == 2)
            let completed =
                "select count(*) from outbox where message->>'routing_key' like 'batch.%'"
            #expect(try await store.value(completed) == 2)
        }
    }

    @Test func noMoreMembersRunAtOnceThanItAllows() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(6, maximumRunning: 2)
            _ = try await store.executions.admit(batch)
            var running = try await take(9, in: store)
            #expect(running.count == 2)
            #expect(running.count(where: { $0.isLimited }) == 2)
            for rest in [3, 2, 1, 0] {
                _ = try await store.executions.finish(finish([running.removeFirst()], of: batch))
                let next = try await take(9, in: store)
                #expect(next.count == 1)
                running += next
                let held = try await held(store)
                #expect(held == rest)
            }
            #expect(try await store.executions.finish(finish(running, of: batch)).count == 3)
            #expect(try await store.executions.batch(batch.id)?.pending == 0)
        }
    }

    @Test func aMemberThatWaitsAlreadyIsNotCountedTwice() async throws {
        try await RecordStore.with { store in
            var batch = BatchAdmission.sample(300)
            // In another group of the same transaction.
            batch.members[299] = batch.members[0]
            let outcome = try await store.executions.admit(batch)
            #expect(outcome.refusedCount == 1)
            #expect(try await store.executions.batch(batch.id)?.pending == 299)
        }
    }

    @Test func aMemberThatIsRefusedTakesNoRoom() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(3, maximumRunning: 1)
            let first = try #require(batch.members.first { $0.intent == .park })
            _ = try await store.claim(.sample(id: first.submission.id, body: "{}"))
            #expect(try await store.executions.admit(batch).refusedCount == 1)
            #expect(try await take(9, in: store).count == 1)
        }
    }

    @Test func roomThatWasMissedIsFoundLater() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(3, maximumRunning: 1)
            _ = try await store.executions.admit(batch)
            let running = try await take(9, in: store)
            // As a worker of the version before ends it, which admits nobody.
            try await store.pool.query(
                "update executions set state = 'succeeded', finished_at = now() where worker is not null"
            )
            try await store.pool.query("update batches set pending = pending - 1")
            #expect(running.count == 1)
            #expect(try await take(9, in: store).isEmpty)
            try await store.executions.admitHeldMembers()
            try await store.executions.admitHeldMembers()
            #expect(try await take(9, in: store).count == 1)
        }
    }

    @Test func aLookAtALimitedBatchReadsNoneOfThoseThatAreHeld() async throws {
        try await RecordStore.with(connections: 1) { store in
            let batch = BatchAdmission.sample(4, maximumRunning: 2)
            _ = try await store.executions.admit(batch)
            let held = try #require(batch.members.last).submission.id
            try await store.multiply(held, by: 5_000)
            try await store.pool.query("analyze executions")
            let pages = try await store.pages(HeldMembers.repair, [nil as UUID?])
            #expect((1..<50).contains(pages), "\(pages) pages were read")
            #expect(try await take(9, in: store).count == 2)
        }
    }

    @Test func aMemberForLaterTakesNoRoomUntilItsTime() async throws {
        try await RecordStore.with { store in
            var batch = BatchAdmission.sample(3, maximumRunning: 1)
            let first = try #require(batch.members.firstIndex { $0.intent == .park })
            batch.members[first].submission.notBefore = Date(timeIntervalSinceNow: 3_600)
            _ = try await store.executions.admit(batch)
            let running = try await take(9, in: store)
            #expect(running.count == 1)
            try await store.pool.query(
                "update executions set available_at = now() where waits = 'time'"
            )
            #expect(try await store.executions.parkDue(limit: 9) == 1)
            #expect(try await take(9, in: store).isEmpty)
            _ = try await store.executions.finish(finish(running, of: batch))
            #expect(try await take(9, in: store).count == 1)
        }
    }

    @Test func aRefusedMemberThatIsMendedCountsAgain() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(2, refused: 1)
            _ = try await store.executions.admit(batch)
            let id = try #require(batch.refused[0].properties.messageID.flatMap(UUID.init(text:)))
            let mended = Claim.sample(id: id, batch: Submission.Membership(id: batch.id, size: 3))
            #expect(try await store.claim(mended) == 1)
            let record = try #require(await store.executions.batch(batch.id))
            #expect(record.pending == 3)
            #expect(record.refused == 0)
            let taken = try await take(9, in: store)
            #expect(try await store.executions.finish([.sample(mended)]).count == 1)
            #expect(try await store.executions.finish(finish(taken, of: batch)).count == 3)
        }
    }

    @Test func refusedMembersOfOneIDAreAllCounted() async throws {
        try await RecordStore.with { store in
            var batch = BatchAdmission.sample(0, refused: 3)
            batch.refused[1] = batch.refused[0]
            _ = try await store.executions.admit(batch)
            let record = try #require(await store.executions.batch(batch.id))
            #expect(record.pending == 0)
            #expect(record.refused == 3)
        }
    }

    @Test func aMendedMemberOfALimitedBatchTakesItsTurn() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(2, maximumRunning: 1, refused: 1)
            _ = try await store.executions.admit(batch)
            let running = try await take(9, in: store)
            let id = try #require(batch.refused[0].properties.messageID.flatMap(UUID.init(text:)))
            let mended = Claim.sample(id: id, batch: Submission.Membership(id: batch.id, size: 3))
            #expect(try await store.executions.claim([mended]) == [.parked])
            #expect(try await store.executions.claim([mended.redelivered()]) == [.parked])
            #expect(try await take(9, in: store).isEmpty)
            _ = try await store.executions.finish(finish(running, of: batch))
            #expect(try await take(9, in: store).count == 1)
            #expect(try await held(store) == 1)
        }
    }

    @Test func nobodyElseJoinsIt() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(2, refused: 1)
            _ = try await store.executions.admit(batch)
            let membership = Submission.Membership(id: batch.id, size: 3)
            let outcomes = try await store.executions.claim([.sample(batch: membership)])
            #expect(outcomes == [.conflict(.strangerToBatch)])
            try await store.letters.keep([.member(of: membership)])
            #expect(try await store.executions.batch(batch.id)?.pending == 2)
            #expect(try await store.executions.batch(batch.id)?.refused == 1)
        }
    }

    @Test func endingMembersThatAreHeldMakesNoRoom() async throws {
        try await RecordStore.with { store in
            let batch = BatchAdmission.sample(6, maximumRunning: 1)
            _ = try await store.executions.admit(batch)
            let running = try await take(9, in: store)
            let ids = Set(running.map(\.unrunnable.record.id))
            let waiting = batch.members.filter { !ids.contains($0.submission.id) }
            let ends = waiting.prefix(3).map {
                FinishedExecution.sample($0, attempt: 0, wasQueued: true)
            }
            _ = try await store.executions.finish(Array(ends))
            #expect(try await take(9, in: store).isEmpty)
            #expect(try await held(store) == 2)
            _ = try await store.executions.finish(finish(running, of: batch))
            #expect(try await take(9, in: store).count == 1)
        }
    }

    private func held(_ store: RecordStore) async throws -> Int {
        try await store.value("select count(*) from executions where waits = 'batch'")
    }
}

extension BatchAdmission {
    /// A batch of members that are good and of some that are refused.
    static func sample(
        _ size: Int,
        maximumRunning: Int? = nil,
        refused: Int = 0,
        replyTo: String? = nil
    ) -> BatchAdmission {
        let id = UUID()
        let membership = Submission.Membership(id: id, size: size + refused)
        let members = (0..<size).map { index in
            Claim.sample(
                intent: index < maximumRunning ?? .max ? .park : .hold,
                batch: membership
            )
        }
        let message = RequestMessage(
            properties: MessageProperties(messageID: id.text, replyTo: replyTo),
            body: Array("batch \(id)".utf8)
        )
        return BatchAdmission(
            id: id,
            tenant: "default",
            pool: "python",
            maximumRunning: maximumRunning,
            queue: "sandmill.batches",
            message: message,
            members: members,
            refused: (0..<refused).map { _ in .member() }
        )
    }
}

extension DeadLetter {
    fileprivate static func member() -> DeadLetter {
        DeadLetter(
            errorType: "invalid_request",
            reason: "/executions/0: no",
            queue: "sandmill.batches",
            routingKey: "python.normal",
            deliveries: nil,
            properties: MessageProperties(messageID: UUID().text),
            body: .complete(Array("{}".utf8))
        )
    }
}

private enum JSON {
    static func object(_ body: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }
}

extension BatchOutcome {
    /// How many members were refused; nil for a batch that was not admitted.
    var refusedCount: Int? {
        if case .admitted(let refused) = self { refused.count } else { nil }
    }
}
