import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite(.timeLimit(.minutes(5))) struct QueueStatisticsTests {
    @Test func nothingIsCountedWhereThereIsNothing() async throws {
        try await RecordStore.with { store in
            let census = try await PostgreSQLQueueStatistics(store.database).census()
            #expect(
                census
                    == QueueStatistics(
                        executions: [],
                        sandboxes: [],
                        outbox: 0,
                        rejected: [:],
                        deadLetters: [:],
                        workers: 0
                    )
            )
        }
    }

    @Test func whatTheBrokerRejectsIsNamedByItsRoutingKey() async throws {
        try await RecordStore.with { store in
            for (exchange, key, rejections) in [
                ("events", "execution.failed.python.a", 3),
                ("events", "execution.failed.python.a", 5),
                ("", "replies", 1), ("events", "execution.failed.python.b", 0),
            ] {
                try await store.pool.query(
                    """
                    insert into outbox (available_at, message, body, rejections)
                    values (
                        now(), json_build_object('exchange', $1::text, 'routing_key', $2::text),
                        '', $3)
                    """,
                    [exchange, key, rejections]
                )
            }
            let taker = PostgreSQLQueueStatistics(store.database)
            #expect(try await taker.census().rejected == ["events": 2, "": 1])
            #expect(
                try await taker.rejectedMessages(limit: 10) == [
                    RejectedMessages(
                        exchange: .events,
                        routingKey: "execution.failed.python.a",
                        count: 2,
                        rejections: 5
                    ),
                    RejectedMessages(
                        exchange: .queue,
                        routingKey: "replies",
                        count: 1,
                        rejections: 1
                    ),
                ]
            )
        }
    }

    @Test func whatThereIsToDoIsCounted() async throws {
        try await RecordStore.with { store in
            for _ in 0..<2 { _ = try await store.claim(.sample()) }
            let started = Claim.sample()
            _ = try await store.claim(started)
            try await store.executions.markSandboxed([
                RunningAttempt(
                    id: started.submission.id,
                    attempt: 1,
                    token: started.token,
                    startedAt: Date()
                )
            ])
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
            var census = try await PostgreSQLQueueStatistics(store.database).census()
            // Who is claimed waits as well.
            #expect(try #require(census.executions.first?.oldest) < .seconds(60))
            census.executions[0].oldest = nil
            #expect(
                census.executions == [
                    QueueStatistics.Executions(
                        pool: "python",
                        level: .normal,
                        state: .queued,
                        count: 3,
                        claimed: 2,
                        deferred: 1
                    ),
                    QueueStatistics.Executions(
                        pool: "python",
                        level: .normal,
                        state: .running,
                        count: 1
                    ),
                ]
            )
            #expect(census.outbox == 1)
            #expect(census.deadLetters == ["invalid_request": 1])
        }
    }
}

extension QueueStatisticsTests {
    @Test func theOldestThatMayStartAndTheOldestMessageAreTold() async throws {
        try await RecordStore.with { store in
            _ = try await store.claim(.sample())
            try await store.pool.query(
                """
                update executions set state = 'queued', waits = 'broker', worker = null,
                    submitted_at = now() - interval '90 s', available_at = now() - interval '60 s'
                """
            )
            try await store.pool.query(
                """
                insert into outbox (available_at, message, body, created_at)
                values (now(), '{}', '', now() - interval '30 s')
                """
            )
            let census = try await PostgreSQLQueueStatistics(store.database).census()
            let waiting = try #require(census.executions.first)
            #expect((waiting.awaited, waiting.deferred) == (1, 0))
            #expect(try #require(waiting.oldest) >= .seconds(60))
            #expect(try #require(waiting.oldest) < .seconds(90))
            #expect(try #require(census.outboxOldest) >= .seconds(30))
        }
    }
}
