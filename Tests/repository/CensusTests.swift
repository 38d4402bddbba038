import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

@Suite(.timeLimit(.minutes(5))) struct CensusTests {
    @Test func nothingIsCountedWhereThereIsNothing() async throws {
        try await RecordStore.with { store in
            let census = try await PostgreSQLCensus(store.database).census()
            #expect(
                census
                    == Census(
                        executions: [],
                        sandboxes: [],
                        outbox: 0,
                        deadLetters: [:],
                        workers: 0
                    )
            )
        }
    }

    @Test func whatThereIsToDoIsCounted() async throws {
        try await RecordStore.with { store in
            for _ in 0..<2 { _ = try await store.claim(.sample()) }
            let later = Claim.sample(notBefore: Date(timeIntervalSinceNow: 3_600))
            #expect(try await store.executions.claim([later]) == [.deferred])
            try await store.letters.keep([
                DeadLetter(
                    errorType: "invalid_request",
                    reason: "no",
                    queue: "q",
                    routingKey: nil,
                    deliveries: nil,
                    properties: MessageProperties(),
                    body: .complete([])
                )
            ])
            try await store.pool.query(
                "insert into outbox (available_at, message, body) values (now(), '{}', '')"
            )
            let census = try await PostgreSQLCensus(store.database).census()
            #expect(
                census.executions == [
                    Census.Executions(pool: "python", level: .normal, state: .queued, count: 1),
                    Census.Executions(pool: "python", level: .normal, state: .running, count: 2),
                ]
            )
            #expect(census.outbox == 1)
            #expect(census.deadLetters == ["invalid_request": 1])
        }
    }
}
