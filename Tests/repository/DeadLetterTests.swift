import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

@Suite("Dead letters", .serialized, .timeLimit(.minutes(5)))
struct DeadLetterTests {
    @Test func aRefusedMessageIsKeptWithItsEvidence() async throws {
        try await RecordStore.with { store in
            let letter = DeadLetter(
                errorType: "invalid_request",
                reason: "/a\0b: not a string",
                queue: "sandmill.work.python.normal",
                routingKey: "python\0.normal",
                deliveries: 2,
                properties: MessageProperties(headers: ["x": "\0"]),
                body: .oversized(prefix: [0, 1, 2], size: .mebibytes(3), sha256: "ab")
            )
            try await store.letters.keep([letter, letter])
            let row = try await store.pool.query("select * from dead_letters")[0]
            #expect(try row["error_type"] == "invalid_request")
            #expect(try row["reason"] == "/a?b: not a string")
            #expect(try row["routing_key"] == "python?.normal")
            #expect(try row["deliveries"] == Int32(2))
            #expect(try row["body"] == Data([0, 1, 2]))
            #expect(try row["body_bytes"] == 3_145_728)
            #expect(try row["body_sha256"] == "ab")
            let properties: JSON = try row["properties"]
            #expect(properties.text.contains("\"x\":\"?\""))
        }
    }

    @Test func ageCountsFromWhenALetterWasKept() async throws {
        try await RecordStore.with { store in
            for hours in 1...3 {
                try await store.keepAsBefore()
                try await store.pool.query(
                    """
                    update dead_letters set kept_at = now() - make_interval(hours => $1)
                    where id = (select max(id) from dead_letters)
                    """,
                    [Int32(hours)]
                )
            }
            let range = DeadLetterFilter(olderThan: .seconds(5_400), newerThan: .seconds(9_000))
            #expect(try await store.list(range).map(\.id) == [2])
            let old = DeadLetterFilter(olderThan: .seconds(5_400))
            #expect(try await store.list(old).map(\.id) == [3, 2])
        }
    }

    @Test func aPageOfManyReadsNoMoreThanThePage() async throws {
        try await RecordStore.with { store in
            try await store.pool.query(
                """
                insert into dead_letters (error_type, reason, queue, properties, body, body_bytes)
                select 'invalid_request', repeat('no ', 100), 'q', '{"headers": {}}', '', 0
                from generate_series(1, 5000)
                """
            )
            // Also where a filter has no index.
            let filter = DeadLetterFilter(reason: "no", pools: ["python"])
            let list = DeadLetterQuery.list(filter, below: 5_000, limit: 256)
            let plan = try await store.database.list("explain \(list.sql)", list.parameters)
                .map { try $0[0] as String }
            #expect(plan.contains { $0.contains("Index Scan Backward using dead_letters_pkey") })
            #expect(!plan.contains { $0.contains("Sort") }, "\(plan)")
        }
    }

    // MARK: - Dead letters of the version before

    @Test(arguments: [
        ("invalid_request", "…", "a.work.b.work.my.pool.high", "my.pool.high"),
        ("given_up", "…", "sandmill.batches", "batch"),
        ("given_up", "…", "sandmill.dead", nil),
        (
            "unroutable", #"no queue takes the routing key "a "quoted".key""#, "sandmill.unrouted",
            #"a "quoted".key"#
        ),
    ])
    func aLetterOfTheVersionBeforeHasARoutingKeyIfItCan(
        errorType: String,
        reason: String,
        queue: String,
        key: String?
    ) async throws {
        try await RecordStore.with { store in
            try await store.keepAsBefore(errorType: errorType, reason: reason, queue: queue)
            let summary = try #require(await store.list(DeadLetterFilter()).first)
            #expect(summary.routingKey == key)
            let kept = try #require(await store.letters.letter(summary.id))
            #expect(kept.letter.routingKey == key)
            #expect(kept.letter.deliveries == nil)
            let outcomes = try await store.letters.requeue([summary.id], as: Revision())
            #expect(outcomes == [key == nil ? .unaddressed : .requeued])
            let rows = try await store.outbox.lease(by: "w1", holding: [], limit: 10)
            #expect(rows.map(\.message.routingKey) == (key.map { [$0] } ?? []))
        }
    }

    @Test func theHashOfABeginningOfTheVersionBeforeIsNotKnown() async throws {
        try await RecordStore.with { store in
            try await store.keepAsBefore()
            try await store.keepAsBefore(size: 70_000)
            // printf '{}' | sha256sum
            #expect(
                try await store.letters.letter(1)?.letter.sha256
                    == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
            )
            #expect(try await store.letters.letter(2)?.letter.sha256 == nil)
        }
    }

    @Test func theVersionBeforeGoesOnBesideThisOne() async throws {
        let schema = RecordStore.newSchema()
        let before = try RecordStore(schema: schema)
        _ = try await Migrator(before.database, migrations: [.initial]).migrate()
        try await before.keepAsBefore()
        let mismatch = try await storeFailure { try await before.list(DeadLetterFilter()) }
        #expect(mismatch.code == .schemaMismatch)
        try await RecordStore.with(schema: schema) { store in
            try await before.keepAsBefore()
            let ids = try await store.list(DeadLetterFilter()).map(\.messageID)
            #expect(ids == ["17", "17"])
            #expect(
                try await store.letters.requeue([1, 2], as: Revision()) == [
                    .requeued, .requeued,
                ]
            )
        }
    }
}

extension RecordStore {
    fileprivate func list(_ filter: DeadLetterFilter) async throws -> [DeadLetterSummary] {
        try await letters.list(filter, below: nil, limit: 100)
    }

    /// Keeps a dead letter by the statement of the version before.
    fileprivate func keepAsBefore(
        errorType: String = "invalid_request",
        reason: String = "/source: is missing",
        queue: String = "sandmill.work.python.normal",
        size: Int64 = 2
    ) async throws {
        try await pool.query(
            """
            insert into dead_letters (error_type, reason, queue, properties, body, body_bytes)
            select error_type, reason, queue, properties::json, body, body_bytes
            from unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::int8[]
            ) as letter(error_type, reason, queue, properties, body, body_bytes)
            """,
            [
                [errorType], [reason], [queue],
                [#"{"message_id": "17", "headers": {"x-death": "1"}}"#],
                [Data("{}".utf8)], [size],
            ]
        )
    }
}
