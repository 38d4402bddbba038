import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite("The outbox", .serialized, .timeLimit(.minutes(5)))
struct OutboxTests {
    /// Puts messages there that are due.
    private func fill(_ store: RecordStore, _ count: Int) async throws {
        let claims = (0..<count).map { _ in Claim.sample() }
        _ = try await store.executions.claim(claims)
        try await store.executions.retry(claims.map { .sample($0, delay: .zero) })
    }

    @Test func theOldestAreLeasedFirst() async throws {
        try await RecordStore.with { store in
            try await fill(store, 5)
            let first = try await store.outbox.lease(by: "worker-a", holding: [], limit: 3)
            let second = try await store.outbox.lease(by: "worker-b", holding: [], limit: 3)
            #expect(first.count == 3)
            #expect(second.count == 2)
            let ids = (first + second).map(\.id)
            #expect(ids == ids.sorted())
        }
    }

    @Test func whatIsReleasedIsDueAgainInASecond() async throws {
        try await RecordStore.with { store in
            try await fill(store, 2)
            let rows = try await store.outbox.lease(by: "worker-a", holding: [], limit: 10)
            try await store.outbox.release(rows.map(\.id), by: "worker-b")
            try await store.outbox.release([rows[0].id], by: "worker-a")
            #expect(try await store.outbox.lease(by: "worker-b", holding: [], limit: 10).isEmpty)
            try await store.pool.query(
                "update outbox set available_at = available_at - interval '1 s'"
            )
            let again = try await store.outbox.lease(by: "worker-b", holding: [], limit: 10)
            #expect(again.map(\.id) == [rows[0].id])
        }
    }

    @Test func noMoreIsLeasedThanMemoryHasRoomFor() async throws {
        try await RecordStore.with { store in
            try await fill(store, 5)
            try await store.pool.query(
                "update outbox set body = convert_to(repeat('x', 3 << 20), 'UTF8')"
            )
            let first = try await store.outbox.lease(by: "worker-a", holding: [], limit: 10)
            #expect(first.count == 3)
            try await store.outbox.remove(first.map(\.id))
            #expect(try await store.outbox.lease(by: "worker-a", holding: [], limit: 10).count == 2)
        }
    }

    @Test func aLeaseEndsByItself() async throws {
        try await RecordStore.with { store in
            try await fill(store, 1)
            #expect(try await store.outbox.lease(by: "worker-a", holding: [], limit: 10).count == 1)
            #expect(try await store.outbox.lease(by: "worker-b", holding: [], limit: 10).isEmpty)
            try await store.pool.query(
                "update outbox set available_at = available_at - interval '30 s'"
            )
            #expect(try await store.outbox.lease(by: "worker-b", holding: [], limit: 10).count == 1)
        }
    }

    @Test func twoRelaysAtOnceNeverTakeTheSameMessage() async throws {
        try await RecordStore.with { store in
            try await fill(store, 250)
            let taken = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var ids: [Int64] = []
                        while true {
                            try Task.checkCancellation()
                            let rows = try await store.outbox.lease(
                                by: "\(worker)",
                                holding: Set(ids),
                                limit: 7
                            )
                            if rows.isEmpty { return ids }
                            ids += rows.map(\.id)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            // A row that another relay was taking is skipped, so the last may be left to a next sweep.
            #expect(Set(taken).count == taken.count)
            let rest = try await store.outbox.lease(by: "last", holding: [], limit: 250)
            #expect(taken.count + rest.count == 250)
        }
    }

    @Test func aMessageForAnExchangeOfALaterVersionIsLeftToIt() async throws {
        try await RecordStore.with { store in
            try await fill(store, 2)
            try await store.pool.query(
                """
                update outbox set message = jsonb_set(message::jsonb, '{exchange}', '"later"')::json
                where id = (select min(id) from outbox)
                """
            )
            #expect(try await store.outbox.lease(by: "worker-a", holding: [], limit: 10).count == 1)
        }
    }

    @Test func aMessageThatCannotBeReadBecomesADeadLetterAndCostsNoOther() async throws {
        try await RecordStore.with { store in
            try await fill(store, 3)
            try await store.pool.query(
                """
                update outbox set message = '{"exchange": 7, "odd": "\\u0000"}'
                where id = (select min(id) from outbox)
                """
            )
            #expect(
                try await store.outbox.lease(by: "worker-a", holding: [], limit: 10).count == 2
            )
            #expect(try await store.value("select count(*) from outbox") == 2)
            let letter = try #require(try await store.letters.letter(1)).letter
            #expect(letter.errorType == "unpublishable")
            #expect(letter.reason.contains(#""exchange": 7"#))
            #expect(letter.body == Array(#"{"source": "print(1)"}"#.utf8))
            #expect(letter.isComplete)
        }
    }

    @Test func whatTheBrokerNeverTakesIsParkedOrBecomesADeadLetter() async throws {
        try await RecordStore.with { store in
            try await fill(store, 1)
            let ended = Claim.sample()
            _ = try await store.claim(ended)
            _ = try await store.executions.finish([.sample(ended)])
            try await store.pool.query("update outbox set available_at = now()")
            let rows = try await store.outbox.lease(by: "worker-a", holding: [], limit: 10)
            #expect(rows.map(\.message.exchange) == [.submit, .events])
            try await store.outbox.setAside(rows.map { ($0, "refused") })
            // Again, as after a commit whose answer was lost.
            try await store.outbox.setAside(rows.map { ($0, "refused") })
            #expect(try await store.value("select count(*) from outbox") == 0)
            #expect(try await store.executions.parkedCount(pool: "python", upTo: 10) == 1)
            #expect(try await store.value("select count(*) from dead_letters") == 1)
            let letter = try #require(try await store.letters.letter(1)).letter
            #expect(letter == .init(unpublishable: rows[1].message, reason: "refused", of: letter))
            let takeRequest = TakeRequest(
                token: .random(),
                worker: "worker-b",
                pool: "python",
                count: 4,
                held: [:]
            )
            #expect(try await store.executions.take(takeRequest).count == 1)
        }
    }

    @Test func aRequestWhoseExecutionHasEndedBecomesADeadLetter() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            try await store.executions.retry([.sample(claim, delay: .zero)])
            let rows = try await store.outbox.lease(by: "worker-a", holding: [], limit: 10)
            try await store.pool.query("update executions set state = 'cancelled'")
            try await store.outbox.setAside(rows.map { ($0, "refused") })
            #expect(try await store.value("select count(*) from dead_letters") == 1)
        }
    }

    @Test func whatIsRejectedIsDueLaterEachTime() async throws {
        try await RecordStore.with { store in
            try await fill(store, 1)
            var waits: [Int] = []
            for rejection in 1...12 {
                let rows = try await store.outbox.lease(by: "worker-a", holding: [], limit: 10)
                let ids = rows.map(\.id)
                #expect(try await store.outbox.postpone(ids, by: "worker-b") == [:])
                #expect(
                    try await store.outbox.postpone(ids, by: "worker-a") == [ids[0]: rejection]
                )
                #expect(
                    try await store.outbox.lease(by: "worker-a", holding: [], limit: 10).isEmpty
                )
                waits.append(
                    try await store.value(
                        "select ceil(extract(epoch from available_at - now()))::int8 from outbox"
                    )
                )
                try await store.pool.query("update outbox set available_at = now()")
            }
            #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
        }
    }

    @Test func whatIsLeasedToOneselfUnknowinglyIsTakenAfterSomeSeconds() async throws {
        try await RecordStore.with { store in
            let claims = (0..<3).map { _ in Claim.sample(intent: .queue) }
            let outcomes = try await store.executions.claim(claims)
            // As if nobody had answered.
            let again = try await store.executions.claim(claims)
            #expect(again == [.duplicate, .duplicate, .duplicate])
            guard case .queued(let known) = outcomes[0] else {
                Issue.record("\(outcomes)")
                return
            }
            func lease(_ worker: String) async throws -> Int {
                try await store.outbox.lease(by: worker, holding: [known.id], limit: 10).count
            }
            #expect(try await lease("worker-a") == 0)
            try await store.pool.query(
                "update outbox set available_at = available_at - interval '4 s'"
            )
            #expect(try await lease("worker-b") == 0)
            #expect(try await lease("worker-a") == 2)
            #expect(try await lease("worker-a") == 0)
        }
    }
}

extension DeadLetter {
    /// The dead letter of a message, but for what the store adds to `kept`.
    fileprivate init(unpublishable message: OutboundMessage, reason: String, of kept: DeadLetter) {
        self.init(unpublishable: message, reason: reason)
        sha256 = kept.sha256
    }
}
