import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

@Suite("A claim", .serialized, .timeLimit(.minutes(5)))
struct ClaimTests {
    @Test func aGroupHasOneOutcomeAClaimInTheSameOrder() async throws {
        try await RecordStore.with { store in
            let known = Claim.sample()
            _ = try await store.claim(known)
            var claims = (0..<255).map { _ in Claim.sample() }
            claims.insert(known.redelivered(), at: 100)
            let outcomes = try await store.executions.claim(claims)
            #expect(outcomes.count == 256)
            for (index, outcome) in outcomes.enumerated() {
                if index == 100 {
                    #expect(outcome == .duplicate)
                } else {
                    #expect(outcome.attempt == 1)
                }
            }
        }
    }

    /// What is undecided is sent again, with its body.
    @Test func copiesOfAnIDAreDecidedByOneStatement() async throws {
        try await RecordStore.with { store in
            let batch = Submission.Membership(id: UUID(), size: 2)
            _ = try await store.claim(.sample(batch: batch))
            let stranger = Submission.Membership(id: batch.id, size: 3)
            let originals = [
                Claim.sample(), .sample(intent: .park), .sample(intent: .queue),
                .sample(batch: batch),
                .sample(batch: stranger), .sample(notBefore: .now + 60),
            ]
            let claims = (0..<8).flatMap { _ in originals.map { $0.redelivered().meant($0.intent) }
            }
            let rows = try await store.pool.query(
                ClaimStatement.sql,
                ClaimStatement.parameters(claims)
            )
            let outcomes = try zip(claims, rows).map { try ClaimStatement.outcome($1, of: $0) }
            #expect(outcomes.count == 48)
            #expect(outcomes.allSatisfy { $0 != nil })
            #expect(outcomes.count { $0?.attempt == 1 } == 2)
            #expect(outcomes.count { $0 == .conflict(.strangerToBatch) } == 8)
            #expect(outcomes.count { $0 == .parked } == 1)
            #expect(outcomes.count { $0 == .deferred } == 1)
            #expect(outcomes.count { $0 == .duplicate } == 35)
            #expect(try await store.value("select count(*) from outbox") == 1)
        }
    }

    /// Each file would be one more time that the request is written and read.
    @Test(arguments: [Claim.Intent.run, .park, .queue])
    func largeRequestsAreTakenInWithoutTemporaryFiles(meant intent: Claim.Intent) async throws {
        try await RecordStore.with { store in
            var claims = (0..<3).map { _ in Claim.sample(intent: intent) }
            for index in claims.indices {
                claims[index].request.body = Array(
                    repeating: UInt8(ascii: "a") + UInt8(index),
                    count: 6 << 20
                )
            }
            try await store.pool.withTransaction { [claims] connection in
                try connection.query("set local temp_file_limit = 0")
                try connection.query(ClaimStatement.sql, ClaimStatement.parameters(claims))
            }
            for claim in claims {
                let places =
                    ["executions where request_body = $1"]
                    + (intent == .queue ? ["outbox where body = $1"] : [])
                for place in places {
                    let count =
                        try await store.pool.query(
                            "select count(*)::int4 from \(place)",
                            [Data(claim.request.body)]
                        )[0][0] as Int32
                    #expect(count == 1, "\(place)")
                }
            }
        }
    }

    @Test func aCopyThatDiffersFromTheFirstIsJudgedByItself() async throws {
        try await RecordStore.with { store in
            let batch = Submission.Membership(id: UUID(), size: 2)
            _ = try await store.claim(.sample(batch: batch))
            let stranger = Claim.sample(batch: Submission.Membership(id: batch.id, size: 3))
            let good = Claim.sample(id: stranger.submission.id)
            let outcomes = try await store.executions.claim([stranger, good, stranger, good])
            #expect(outcomes[1].attempt == 1)
            #expect(outcomes[3] == .duplicate)
            #expect(outcomes[0] == .conflict(.strangerToBatch))

            let queued = Claim.sample(intent: .queue)
            _ = try await store.executions.claim([queued])
            let other = Claim.sample(id: queued.submission.id, body: "{}")
            let second = try await store.executions.claim([other, queued.redelivered()])
            #expect(second[0] == .conflict("the id is that of another request"))
            #expect(second[1].attempt == 1)
        }
    }

    @Test func theSameIDOnTwoWorkersAtOnceRunsOnce() async throws {
        try await RecordStore.with { store in
            for _ in 0..<20 {
                let claims = (0..<50).map { _ in Claim.sample() }
                async let here = store.executions.claim(claims)
                async let there = store.executions.claim(
                    claims.reversed().map { $0.redelivered() }
                )
                let outcomes = try await zip(here, there.reversed())
                for (one, other) in outcomes {
                    #expect([one, other].count { $0 == .duplicate } == 1)
                }
            }
        }
    }

    @Test func aRequestForLaterWaitsInTheStoreForItsTime() async throws {
        try await RecordStore.with { store in
            let notBefore = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded() + 60)
            let claim = Claim.sample(notBefore: notBefore, headers: ["odd": "a\0\"b\""])
            #expect(try await store.executions.claim([claim]) == [.deferred])
            let record = try #require(await store.executions.execution(claim.submission.id))
            #expect(record.state == .queued)
            #expect(record.attempt == 0)
            #expect(record.startedAt == nil)
            #expect(try await store.value("select count(*) from outbox") == 0)
            #expect(try await store.executions.parkDue(limit: 9) == 0)
            #expect(try await store.executions.claim([claim.redelivered()]) == [.deferred])

            try await store.pool.query("update executions set available_at = now()")
            #expect(try await store.executions.parkDue(limit: 9) == 1)
            #expect(try await store.executions.parkDue(limit: 9) == 0)
            let takeRequest = TakeRequest(
                token: UUID(),
                worker: "worker-a",
                pool: "python",
                count: 9,
                held: [:]
            )
            let taken = try await store.executions.take(takeRequest)
            #expect(taken.map(\.request) == [claim.request])
        }
    }

    @Test func aDeliveryBeforeItsTimeWaitsForItAndIsNotLost() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            try await store.executions.retry([.sample(claim, delay: .seconds(60))])
            try await store.pool.query("delete from outbox")
            #expect(try await store.executions.claim([claim.redelivered()]) == [.deferred])
            try await store.pool.query("update executions set available_at = now()")
            #expect(try await store.executions.parkDue(limit: 9) == 1)
        }
    }
}
