import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

@Suite("The outbox", .serialized, .timeLimit(.minutes(2)))
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
            let first = try await store.outbox.lease(by: "worker-a", limit: 3)
            let second = try await store.outbox.lease(by: "worker-b", limit: 3)
            #expect(first.count == 3)
            #expect(second.count == 2)
            let ids = (first + second).map(\.id)
            #expect(ids == ids.sorted())
        }
    }

    @Test func whatIsReleasedIsDueAgainInASecond() async throws {
        try await RecordStore.with { store in
            try await fill(store, 2)
            let rows = try await store.outbox.lease(by: "worker-a", limit: 10)
            try await store.outbox.release(rows.map(\.id), by: "worker-b")
            try await store.outbox.release([rows[0].id], by: "worker-a")
            #expect(try await store.outbox.lease(by: "worker-b", limit: 10).isEmpty)
            try await store.pool.query(
                "update outbox set available_at = available_at - interval '1 s'"
            )
            let again = try await store.outbox.lease(by: "worker-b", limit: 10)
            #expect(again.map(\.id) == [rows[0].id])
        }
    }

    @Test func noMoreIsLeasedThanMemoryHasRoomFor() async throws {
        try await RecordStore.with { store in
            try await fill(store, 5)
            try await store.pool.query(
                "update outbox set body = convert_to(repeat('x', 12 << 20), 'UTF8')"
            )
            let first = try await store.outbox.lease(by: "worker-a", limit: 10)
            #expect(first.count == 3)
            try await store.outbox.remove(first.map(\.id))
            #expect(try await store.outbox.lease(by: "worker-a", limit: 10).count == 2)
        }
    }

    @Test func aLeaseEndsByItself() async throws {
        try await RecordStore.with { store in
            try await fill(store, 1)
            #expect(try await store.outbox.lease(by: "worker-a", limit: 10).count == 1)
            #expect(try await store.outbox.lease(by: "worker-b", limit: 10).isEmpty)
            try await store.pool.query(
                "update outbox set available_at = available_at - interval '30 s'"
            )
            #expect(try await store.outbox.lease(by: "worker-b", limit: 10).count == 1)
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
                            let rows = try await store.outbox.lease(by: "\(worker)", limit: 7)
                            if rows.isEmpty { return ids }
                            ids += rows.map(\.id)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            // A row that another relay was taking is skipped, so the last may be left to a next sweep.
            #expect(Set(taken).count == taken.count)
            let rest = try await store.outbox.lease(by: "last", limit: 250)
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
            #expect(try await store.outbox.lease(by: "worker-a", limit: 10).count == 1)
        }
    }
}
