import FoundationEssentials
import SandmillEntity
public import SandmillService
import Testing

/// The ports of one record store.
public struct Stores: Sendable {
    let executions: any ExecutionStore
    let cancellations: any CancellationStore
    let letters: any DeadLetterStore
    let outbox: any Outbox
    /// The registry of a process that has just begun.
    let makeRegistry: @Sendable () -> any WorkerRegistry

    /// Names the ports.
    public init(
        executions: any ExecutionStore,
        cancellations: any CancellationStore,
        letters: any DeadLetterStore,
        outbox: any Outbox,
        makeRegistry: @escaping @Sendable () -> any WorkerRegistry
    ) {
        self.executions = executions
        self.cancellations = cancellations
        self.letters = letters
        self.outbox = outbox
        self.makeRegistry = makeRegistry
    }
}

extension Stores {
    func claim(_ claim: Claim) async throws -> ClaimOutcome {
        try #require(try await executions.claim([claim]).first)
    }

    /// Claims an execution, which must succeed.
    @discardableResult
    func grant(_ claim: Claim) async throws -> AttemptGrant {
        let outcome = try await self.claim(claim)
        let grant: AttemptGrant? = if case .claimed(let grant) = outcome { grant } else { nil }
        return try #require(grant, "the claim came out as \(outcome)")
    }

    func state(of claim: Claim) async throws -> ExecutionState? {
        try await executions.execution(claim.submission.id)?.state
    }

    /// Takes what is due in the outbox.
    func lease(by worker: String = "w1", limit: Int = 100) async throws -> [OutboxMessage] {
        try await outbox.lease(by: worker, holding: [], limit: limit)
    }

    /// Takes what waits in the store, for a worker that has some already.
    func take(
        _ count: Int,
        worker: String = "w1",
        newcomers: Int = 0,
        held: [Lane: Int] = [:]
    ) async throws -> [TakenExecution] {
        try await executions.take(
            TakeRequest(
                token: UUID(),
                worker: worker,
                pool: "python",
                count: count,
                newcomers: newcomers,
                held: held
            )
        )
    }

    /// Asks for the end of one execution.
    func cancel(
        _ claim: Claim,
        tenant: String? = nil,
        keepsUnknown: Bool = false
    ) async throws -> CancelOutcome {
        let outcomes = try await cancellations.cancel(
            [claim.submission.id],
            tenant: tenant,
            keepsUnknown: keepsUnknown
        )
        return try #require(outcomes.first)
    }
}

extension ClaimOutcome {
    /// The attempt that was granted.
    public var attempt: Int? {
        if case .claimed(let grant) = self { grant.attempt } else { nil }
    }

    var isConflict: Bool {
        if case .conflict = self { true } else { false }
    }
}
