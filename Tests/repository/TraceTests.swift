import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite("A trace", .serialized, .timeLimit(.minutes(5)))
struct TraceTests {
    @Test func whatIsQueuedHasItsPlaceAndAnEstimate() async throws {
        try await RecordStore.with { store in
            let claims = (0..<5).map { _ in Claim.sample(intent: .park) }
            for claim in claims {
                _ = try await store.executions.claim([claim])
                try await store.pool.query(
                    "update executions set submitted_at = submitted_at - interval '1 s'"
                )
            }
            let last = try #require(claims.last).submission.id
            let first = try #require(await store.executions.trace(last)?.wait)
            #expect(first.place == .store)
            #expect(first.ahead == 4)
            #expect(first.estimate == nil)

            let ended = (0..<2).map { _ in Claim.sample() }
            _ = try await store.executions.claim(ended)
            _ = try await store.executions.finish(ended.map { .sample($0) })
            let paced = try #require(await store.executions.trace(last)?.wait)
            #expect(paced.estimate == .seconds(120))
        }
    }

    @Test func anotherLevelIsNotBeforeIt() async throws {
        try await RecordStore.with { store in
            _ = try await store.executions.claim([.sample(intent: .park, level: .high)])
            let claim = Claim.sample(intent: .park, level: .low)
            _ = try await store.executions.claim([claim])
            #expect(try await store.executions.trace(claim.submission.id)?.wait?.ahead == 0)
        }
    }

    @Test func whatRunsHasItsSandboxAndItsEarlierAttempts() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            try await store.executions.retry([.sample(claim, delay: .zero)])
            _ = try await store.claim(claim.redelivered())
            try await PostgreSQLWorkerRegistry(store.database).record(
                sandboxes: [
                    SandboxRecord(
                        worker: "worker-b",
                        pool: "python",
                        container: "cafe",
                        state: "leased",
                        tenant: "default",
                        uses: 1,
                        memory: .mebibytes(64),
                        execution: claim.submission.id
                    )
                ],
                worker: "worker-b"
            )
            let trace = try #require(await store.executions.trace(claim.submission.id))
            #expect(trace.wait == nil)
            #expect(trace.sandbox == "cafe")
            #expect(trace.attempts.map(\.number) == [1])
            #expect(trace.attempts.map(\.reason) == ["sandbox_lost"])
            #expect(trace.attempts.map(\.worker) == ["worker-a"])
        }
    }

    @Test func anEndTellsItsStepsAndWhetherItIsAnnounced() async throws {
        try await RecordStore.with { store in
            let claims = [Claim.sample(), .sample()]
            _ = try await store.executions.claim(claims)
            let ends = try claims.map { claim in
                var end = FinishedExecution.sample(claim)
                end.claimedAt = end.document.finishedAt - 2
                end.collectedAt = end.document.finishedAt + 1
                let event = try #require(end.events.first)
                end.events.append(event)
                return end
            }
            let messages = try await store.executions.finish(ends)
            #expect(messages.count == 4)
            let id = claims[0].submission.id
            let attempt = try #require(await store.executions.trace(id)?.attempts.first)
            #expect(attempt.claimedAt == ends[0].claimedAt)
            #expect(attempt.collectedAt == ends[0].collectedAt)
            #expect(attempt.committedAt != nil)
            #expect(attempt.isAnnounced == false)
            // Both copies of its event, and none of the other's.
            let own = messages.filter {
                $0.message.properties.messageID == ends[0].events[0].properties.messageID
            }
            try await store.outbox.remove(own.map(\.id))
            #expect(try await store.executions.trace(id)?.attempts.first?.isAnnounced == true)
            let other = try await store.executions.trace(claims[1].submission.id)
            #expect(other?.attempts.first?.isAnnounced == false)
        }
    }

    @Test func aWishToEndItIsShownUntilItHasEnded() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            let id = claim.submission.id
            #expect(try await store.executions.trace(id)?.cancelledAt == nil)
            _ = try await store.cancellations.cancel([id], tenant: nil, keepsUnknown: false)
            #expect(try await store.executions.trace(id)?.cancelledAt != nil)
            _ = try await store.executions.finish([.sample(claim)])
            #expect(try await store.executions.trace(id)?.cancelledAt == nil)
        }
    }

    @Test func whatIsNotKnownHasNone() async throws {
        try await RecordStore.with { store in
            let trace = try await store.executions.trace(UUID())
            #expect(trace == nil)
        }
    }

    @Test func anAttemptThatTheRequestHadRepeatedKeepsItsOutput() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            let failure = FailedAttempt(
                id: claim.submission.id,
                attempt: 1,
                worker: "worker-a",
                outcome: Outcome(.failed, .exitCode, exitCode: 3),
                delay: .zero,
                sandbox: "cafe",
                resultsPath: "2026-11-23/x/1"
            )
            try await store.executions.retry([failure])
            let outcomes = try await store.executions.claim([claim.redelivered()])
            guard case .claimed(let grant) = outcomes.first else {
                Issue.record("it came out as \(outcomes)")
                return
            }
            #expect(grant.retries == 1)
            let trace = try #require(await store.executions.trace(claim.submission.id))
            #expect(trace.attempts.map(\.state) == [.failed])
            #expect(trace.attempts.map(\.resultsPath) == ["2026-11-23/x/1"])
        }
    }
}
