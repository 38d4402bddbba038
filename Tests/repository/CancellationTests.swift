import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

@Suite("A cancellation", .serialized, .timeLimit(.minutes(5)))
struct CancellationTests {
    private func cancel(
        _ id: UUID,
        in store: RecordStore,
        tenant: String? = nil,
        keepsUnknown: Bool = false
    ) async throws -> CancelOutcome {
        try #require(
            await store.cancellations.cancel([id], tenant: tenant, keepsUnknown: keepsUnknown)
                .first
        )
    }

    /// Neither the claim nor the cancellation sees the other.
    @Test func whatComesWhileItIsCancelledEnds() async throws {
        try await RecordStore.with { store in
            let (claim, other) = (Claim.sample(intent: .park), Claim.sample())
            try await store.pool.withConnection { connection in
                try connection.query("begin")
                try connection.query(
                    ClaimStatement.sql,
                    ClaimStatement.parameters([claim, other])
                )
                for id in [claim, other].map(\.submission.id) {
                    #expect(try await cancel(id, in: store, keepsUnknown: true) == .unknown)
                }
                try connection.query("commit")
            }
            #expect(try await store.cancellations.overdue(limit: 9).count == 1)
            let ends = try await store.decidedEnds(runBy: "worker-a")
            #expect(ends == [other.submission.id: Outcome(.cancelled)])

            let late = Claim.sample(intent: .park)
            _ = try await cancel(late.submission.id, in: store, keepsUnknown: true)
            #expect(try await store.cancellations.overdue(limit: 9).isEmpty)
            #expect(try await open(store) == 3)
            try await store.pool.query(
                "update cancellations set requested_at = now() - interval '61 s', due_at = now()"
            )
            #expect(try await store.cancellations.overdue(limit: 9).count == 1)
            #expect(try await open(store) == 2)
            _ = try await store.executions.claim([late])
            let overdue = try await store.cancellations.overdue(limit: 9)
            #expect(overdue.map(\.record.id) == [late.submission.id])
        }
    }

    private func open(_ store: RecordStore) async throws -> Int {
        try await store.value("select count(*) from cancellations where due_at is not null")
    }

    @Test(arguments: [false, true])
    func whatIsSupersededInTheSameStatementEnds(comesLast: Bool) async throws {
        try await RecordStore.with { store in
            let old = Claim.sample()
            let new = Claim.sample(supersedes: old.submission.id)
            let grant = try await grant(of: old, in: comesLast ? [new, old] : [old, new], store)
            #expect(grant.decidedEnd == Outcome(.cancelled, .superseded))
            let ends = try await store.decidedEnds(runBy: "worker-a")
            #expect(ends == [old.submission.id: Outcome(.cancelled, .superseded)])
        }
    }

    @Test(arguments: [false, true])
    func whatIsSupersededInTheSameStatementAndWaitsIsOverdue(comesLast: Bool) async throws {
        try await RecordStore.with { store in
            let old = Claim.sample(intent: .park)
            let new = Claim.sample(intent: .park, supersedes: old.submission.id)
            _ = try await store.executions.claim(comesLast ? [new, old] : [old, new])
            let overdue = try await store.cancellations.overdue(limit: 9)
            #expect(overdue.map(\.record.id) == [old.submission.id])
            #expect(overdue.first?.outcome == Outcome(.cancelled, .superseded))
        }
    }

    @Test(arguments: [false, true])
    func whatIsSupersededInTheSameStatementAndWaitsEnds(comesLast: Bool) async throws {
        try await RecordStore.with { store in
            let old = Claim.sample(intent: .park)
            let new = Claim.sample(intent: .park, supersedes: old.submission.id)
            let outcomes = try await store.executions.claim(comesLast ? [new, old] : [old, new])
            #expect(outcomes == [.parked, .parked])
            let overdue = try await store.cancellations.overdue(limit: 9)
            #expect(overdue.map(\.record.id) == [old.submission.id])
            #expect(overdue.map(\.outcome) == [Outcome(.cancelled, .superseded)])
        }
    }

    /// What a claim was granted that is made together with others.
    private func grant(
        of claim: Claim,
        in claims: [Claim],
        _ store: RecordStore
    ) async throws -> AttemptGrant {
        let index = try #require(claims.firstIndex { $0.submission.id == claim.submission.id })
        let outcome = try await store.executions.claim(claims)[index]
        let grant: AttemptGrant? = if case .claimed(let grant) = outcome { grant } else { nil }
        return try #require(grant, "the claim came out as \(outcome)")
    }

    @Test func aWorkerIsToldWhoseDeadlineHasPassed() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample(deadline: .now + 0.05)
            _ = try await store.executions.claim([claim, .sample(deadline: .now + 60)])
            var ends: [UUID: Outcome] = [:]
            while ends.isEmpty, !Task.isCancelled {
                ends = try await store.decidedEnds(runBy: "worker-a")
            }
            #expect(ends == [claim.submission.id: Outcome(.expired)])
            _ = try await cancel(claim.submission.id, in: store)
            ends = try await store.decidedEnds(runBy: "worker-a")
            #expect(ends == [claim.submission.id: Outcome(.cancelled)])
        }
    }

    @Test func ofACancelledBatchWhatWasMissedEndsToo() async throws {
        try await RecordStore.with { store in
            let batch = Submission.Membership(id: UUID(), size: 3)
            let claims = (0..<3).map { _ in Claim.sample(intent: .park, batch: batch) }
            _ = try await store.executions.claim([claims[0].meant(.run), claims[1]])
            // As if neither had been committed when the batch was cancelled.
            try await store.pool.query("update batches set cancelled_at = now()")
            try await store.cancellations.noteMissedMembers()
            let ends = try await store.decidedEnds(runBy: "worker-a")
            #expect(ends == [claims[0].submission.id: Outcome(.cancelled)])
            let overdue = try await store.cancellations.overdue(limit: 9)
            #expect(overdue.map(\.record.id) == [claims[1].submission.id])
        }
    }

    @Test func aForeignTombstoneDoesNotHurryARetry() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample(tenant: "a")
            _ = try await store.claim(claim)
            _ = try await store.pool.query(
                "insert into cancellations (execution_id, tenant) values ($1, 'b')",
                [claim.submission.id]
            )
            try await store.executions.retry([.sample(claim, delay: .seconds(600))])
            #expect(try await store.outbox.lease(by: "worker-a", holding: [], limit: 9).isEmpty)
        }
    }

    @Test func whatComesWithATombstoneAndWaitsIsOverdue() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample(intent: .park)
            _ = try await cancel(claim.submission.id, in: store, keepsUnknown: true)
            #expect(try await store.executions.claim([claim]) == [.parked])
            #expect(try await store.cancellations.overdue(limit: 9).count == 1)
        }
    }

    @Test func whatNeverCameIsForgottenAfterAWeek() async throws {
        try await RecordStore.with { store in
            let known = Claim.sample()
            _ = try await store.claim(known)
            _ = try await cancel(known.submission.id, in: store)
            _ = try await cancel(UUID(), in: store, keepsUnknown: true)
            try await store.cancellations.forgetOldCancellations()
            #expect(try await store.value("select count(*) from cancellations") == 2)
            try await store.pool.query(
                "update cancellations set requested_at = now() - interval '8 days'"
            )
            try await store.cancellations.forgetOldCancellations()
            #expect(try await store.value("select count(*) from cancellations") == 0)
        }
    }
}
