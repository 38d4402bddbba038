import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

/// Executions whose message does not come from the broker.
@Suite("Messages that do not come", .serialized, .timeLimit(.minutes(5)))
struct AwaitedTests {
    private static let patience: Duration = .seconds(300)

    /// Lets time pass for all that waits.
    private func pass(_ duration: Duration, in store: RecordStore) async throws {
        try await store.pool.query(
            "update executions set available_at = available_at - make_interval(secs => $1)",
            [duration / .seconds(1)]
        )
    }

    private func park(_ store: RecordStore) async throws -> Int {
        try await store.executions.parkAwaited(longerThan: Self.patience)
    }

    private func take(_ store: RecordStore) async throws -> [UUID] {
        let takeRequest = TakeRequest(
            token: .random(),
            worker: "worker-a",
            pool: "python",
            count: 10,
            held: [:]
        )
        return try await store.executions.take(takeRequest).map(\.unrunnable.record.id)
    }

    @Test func whateverPutItThereIsTakenFromTheStoreAfterAWhile() async throws {
        try await RecordStore.with { store in
            let queued = Claim.sample(intent: .queue)
            let retried = Claim.sample()
            let reclaimed = Claim.sample(worker: "worker-b")
            _ = try await store.executions.claim([queued, retried, reclaimed])
            try await store.executions.retry([.sample(retried, delay: .zero)])
            let registry = PostgreSQLWorkerRegistry(store.database)
            try await store.pool.query(
                "update executions set started_at = started_at - interval '1 min'"
            )
            _ = try await registry.reclaim(
                worker: "worker-b",
                successor: "worker-a",
                token: .random()
            )
            try await pass(.seconds(200), in: store)
            #expect(try await park(store) == 0)
            try await pass(.seconds(101), in: store)
            #expect(try await park(store) == 3)
            #expect(try await park(store) == 0)
            let ids = Set([queued, retried, reclaimed].map(\.submission.id))
            #expect(Set(try await take(store)) == ids)
        }
    }

    @Test func aMessageThatComesAfterAllFindsADuplicateOrRunsIt() async throws {
        try await RecordStore.with { store in
            let claims = (0..<2).map { _ in Claim.sample(intent: .queue) }
            _ = try await store.executions.claim(claims)
            try await pass(.seconds(400), in: store)
            #expect(try await park(store) == 2)
            _ = try await store.claim(claims[0].redelivered())
            #expect(try await take(store) == [claims[1].submission.id])
            #expect(
                try await store.executions.claim(claims.map { $0.redelivered() })
                    == [.duplicate, .duplicate]
            )
        }
    }

    @Test func whatWaitsForItsTimeOrRunsIsLeftAlone() async throws {
        try await RecordStore.with { store in
            let later = Claim.sample(
                intent: .queue,
                notBefore: Date(timeIntervalSinceNow: 100_000)
            )
            let running = Claim.sample()
            let retried = Claim.sample()
            _ = try await store.executions.claim([later, running, retried])
            try await store.executions.retry([.sample(retried, delay: .seconds(100_000))])
            try await pass(.seconds(90_000), in: store)
            #expect(try await park(store) == 0)
        }
    }

    @Test func aLongBacklogStaysInTheBrokerUnlessItWaitsForVeryLong() async throws {
        try await RecordStore.with { store in
            let backlog = (0..<256).map { _ in Claim.sample(intent: .queue, tenant: "many") }
            _ = try await store.executions.claim(backlog)
            let parked = (0..<256).map { _ in Claim.sample(intent: .park, tenant: "many") }
            _ = try await store.executions.claim(parked)
            let other = Claim.sample(intent: .queue, tenant: "one")
            _ = try await store.executions.claim([other])
            try await pass(.seconds(3_500), in: store)
            #expect(try await park(store) == 1)
            #expect(try await park(store) == 0)
            try await pass(.seconds(200), in: store)
            #expect(try await park(store) == 256)
        }
    }

    @Test func noMoreOfALaneAreParkedAtOnceThanItMayHave() async throws {
        try await RecordStore.with { store in
            for _ in 0..<3 {
                _ = try await store.executions.claim(
                    (0..<200).map { _ in Claim.sample(intent: .queue) }
                )
            }
            try await pass(.seconds(400), in: store)
            #expect(try await park(store) == 256)
            #expect(try await park(store) == 0)
        }
    }

    @Test func twoSweepersParkTogetherWhatOneWould() async throws {
        try await RecordStore.with { store in
            for _ in 0..<3 {
                _ = try await store.executions.claim(
                    (0..<200).map { _ in Claim.sample(intent: .queue) }
                )
            }
            try await pass(.seconds(400), in: store)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await park(store) } }
                let count = try await group.reduce(0, +)
                #expect(count == 256)
            }
        }
    }

    @Test func theyAreCounted() async throws {
        try await RecordStore.with { store in
            _ = try await store.executions.claim([.sample(intent: .queue), .sample()])
            let census = PostgreSQLQueueStatistics(store.database)
            #expect(try await census.awaitedCount(longerThan: Self.patience) == 0)
            try await pass(.seconds(400), in: store)
            #expect(try await census.awaitedCount(longerThan: Self.patience) == 1)
        }
    }
}
