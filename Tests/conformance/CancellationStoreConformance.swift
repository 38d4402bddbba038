import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

extension Conformance<Stores> {
    /// What every `CancellationStore` has to do.
    public static let ofCancellationStores: [Conformance] = [
        Conformance("what is queued ends without being run") { stores in
            let claim = Claim.sample(intent: .park)
            #expect(try await stores.claim(claim) == .parked)
            #expect(try await stores.cancel(claim) == .queued)
            let overdue = try await stores.overdue()
            #expect(overdue.map(\.record.id) == [claim.submission.id])
            #expect(overdue.map(\.outcome) == [Outcome(.cancelled)])
            #expect(overdue.map(\.properties) == [claim.request.properties])
            #expect(overdue.map(\.labels) == [claim.submission.labels])
            let end = FinishedExecution.sample(claim, attempt: 0, wasQueued: true)
            #expect(try await stores.executions.finish([end]).count == 1)
            #expect(try await stores.cancel(claim) == .ended)
            #expect(try await stores.overdue().isEmpty)
            #expect(try await stores.claim(claim.redelivered()) == .duplicate)
        },
        Conformance("who claims what is cancelled learns how it has to end") { stores in
            let claim = Claim.sample(intent: .park)
            #expect(try await stores.claim(claim) == .parked)
            _ = try await stores.cancel(claim)
            let grant = try await stores.grant(claim.redelivered())
            #expect(grant.decidedEnd == Outcome(.cancelled))
            let late = FinishedExecution.sample(claim, attempt: 0, wasQueued: true)
            #expect(try await stores.executions.finish([late]).isEmpty)
        },
        Conformance("a worker is told which of its running ones are cancelled") { stores in
            let (claim, other) = (Claim.sample(worker: "w1"), Claim.sample(worker: "w1"))
            _ = try await stores.executions.claim([claim, other])
            #expect(try await stores.cancel(claim) == .running)
            let ids = [claim, other].map(\.submission.id)
            let ends = [claim.submission.id: Outcome(.cancelled)]
            #expect(try await stores.cancellations.decidedEnds(of: ids, runBy: "w1") == ends)
            #expect(try await stores.cancellations.decidedEnds(of: ids, runBy: "w2").isEmpty)
            #expect(try await stores.overdue().isEmpty)
            _ = try await stores.executions.finish([.sample(claim)])
            #expect(try await stores.cancellations.decidedEnds(of: ids, runBy: "w1").isEmpty)
        },
        Conformance("what is not known yet ends when it comes, if that is asked for") {
            (stores: Stores) async throws in
            let claim = Claim.sample()
            #expect(try await stores.cancel(claim) == .unknown)
            #expect(try await stores.grant(claim).decidedEnd == nil)
            let late = Claim.sample()
            #expect(try await stores.cancel(late, keepsUnknown: true) == .unknown)
            #expect(try await stores.grant(late).decidedEnd == Outcome(.cancelled))
        },
        Conformance("another tenant's is not known") {
            (stores: Stores) async throws in
            let claim = Claim.sample(intent: .park, tenant: "a")
            #expect(try await stores.claim(claim) == .parked)
            #expect(try await stores.cancel(claim, tenant: "b", keepsUnknown: true) == .unknown)
            #expect(try await stores.overdue().isEmpty)
            #expect(try await stores.cancel(claim, tenant: "a") == .queued)
            #expect(try await stores.overdue().count == 1)
        },
        Conformance("what another tenant cancels before it comes does not end") { stores in
            let running = Claim.sample(tenant: "a")
            _ = try await stores.cancel(running, tenant: "b", keepsUnknown: true)
            #expect(try await stores.grant(running).decidedEnd == nil)
            let ids = [running.submission.id]
            #expect(
                try await stores.cancellations.decidedEnds(of: ids, runBy: running.worker).isEmpty
            )
            let waiting = Claim.sample(intent: .park, tenant: "a")
            _ = try await stores.cancel(waiting, tenant: "b", keepsUnknown: true)
            #expect(try await stores.claim(waiting) == .parked)
            #expect(try await stores.overdue().isEmpty)
        },
        Conformance("a deadline that passes while it is queued makes it overdue") { stores in
            let (past, future) = (Date(timeIntervalSince1970: 0), Date.distantFuture)
            let claims = [past, future].map { Claim.sample(intent: .park, deadline: $0) }
            _ = try await stores.executions.claim(claims)
            let overdue = try await stores.overdue()
            #expect(overdue.map(\.record.id) == [claims[0].submission.id])
            #expect(overdue.map(\.outcome) == [Outcome(.expired)])
        },
        Conformance("a request cancels what it supersedes, of its own tenant") { stores in
            let old = Claim.sample(intent: .park, tenant: "a")
            #expect(try await stores.claim(old) == .parked)
            try await stores.grant(.sample(tenant: "b", supersedes: old.submission.id))
            #expect(try await stores.overdue().isEmpty)
            try await stores.grant(.sample(tenant: "a", supersedes: old.submission.id))
            let overdue = try await stores.overdue()
            #expect(overdue.map(\.record.id) == [old.submission.id])
            #expect(overdue.map(\.outcome) == [Outcome(.cancelled, .superseded)])
        },
        Conformance("a refused request supersedes nothing") { stores in
            let (old, known) = (Claim.sample(intent: .park), Claim.sample())
            _ = try await stores.executions.claim([old, known])
            let conflict = Claim.sample(
                id: known.submission.id,
                body: "{}",
                supersedes: old.submission.id
            )
            #expect(try await stores.claim(conflict).isConflict)
            #expect(try await stores.overdue().isEmpty)
        },
        Conformance("of a batch all end that have not, and those that come") { stores in
            let batch = Submission.Membership(id: UUID(), size: 4)
            let claims = (0..<4).map { _ in Claim.sample(intent: .park, batch: batch) }
            _ = try await stores.executions.claim([claims[0].meant(.run), claims[1], claims[2]])
            _ = try await stores.executions.finish([.sample(claims[0])])
            #expect(try await stores.cancellations.cancel(batch: batch.id, tenant: "b") == nil)
            #expect(try await stores.overdue().isEmpty)
            #expect(try await stores.cancellations.cancel(batch: UUID(), tenant: nil) == nil)
            #expect(try await stores.cancellations.cancel(batch: batch.id, tenant: nil) == 3)
            #expect(try await stores.overdue().count == 2)
            let grant = try await stores.grant(claims[3].meant(.run))
            #expect(grant.decidedEnd == Outcome(.cancelled))
        },
    ]
}

extension Stores {
    fileprivate func overdue() async throws -> [UnstartedExecution] {
        try await cancellations.overdue(limit: 10)
    }
}
