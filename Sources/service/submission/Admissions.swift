public import FoundationEssentials
public import SandmillEntity
public import ServiceLifecycle

/// Stores requests that do not come from the broker: durable before the caller hears of it, claimed by a worker
/// of this process or with its message in the outbox.
///
/// So it works while the broker is away. What came is the same as if it had come by a queue.
public struct Admissions: Service {
    private let decoders: [String: SubmissionDecoder]
    private let store: any ExecutionStore
    private let relay: Relay
    private let worker: String
    /// How long a client may be kept waiting for a store that cannot be reached.
    private static let patience: Duration = .seconds(3)

    private let committer: GroupCommitter<Claim, ClaimOutcome>
    /// The workers of this process, by their pool.
    private var workers: [String: QueueWorker] = [:]

    /// Describes one.
    ///
    /// - Parameters:
    ///   - worker: Who publishes what goes to the outbox: the relay's name.
    ///   - decoders: What reads the requests of each pool, by its name.
    ///   - store: Where they are kept.
    ///   - relay: Publishes their messages at once; it has to outlive this.
    public init(
        worker: String,
        decoders: [String: SubmissionDecoder],
        store: any ExecutionStore,
        relay: Relay
    ) {
        self.worker = worker
        self.decoders = decoders
        self.store = store
        self.relay = relay
        committer = .ofClaims(in: store, patience: Self.patience)
    }

    /// The same, which hands what it can to workers of this process, so that it does not go through the broker.
    ///
    /// What uses it has to stop before they do.
    ///
    /// - Parameter workers: By their pool.
    /// - Returns: What hands to them.
    public func handing(to workers: [String: QueueWorker]) -> Admissions {
        var admissions = self
        admissions.workers = workers
        return admissions
    }

    /// Commits until a graceful shutdown, then what was handed over by then.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await committer.run() }
            try? await gracefulShutdown()
            await committer.finish()
        }
    }

    /// Takes a request in; the same request again changes nothing.
    ///
    /// - Returns: The execution, which has an id of its own where that of the request is another tenant's,
    ///   and whether it is this request that made it.
    /// - Throws: ``RequestRefusal``, also for an id that is known with another content; ``StoreError``
    ///   when the store cannot keep it now, in which case nothing is known of it.
    public func submit(
        _ request: RequestMessage,
        pool: String,
        level: Level
    ) async throws -> AdmittedExecution {
        guard let decoder = decoders[pool] else { throw RequestRefusal.unknownPool(pool) }
        Occurrence.countReceived(1, pool: pool, level: level)
        var claim = Claim(
            token: .random(),
            intent: .queue,
            worker: worker,
            submission: try decoder.decode(request, level: level),
            request: request
        )
        claim.takesKnown = false
        if let answer = try await workers[pool]?.take(claim, by: committer.submit) {
            return try AdmittedExecution(id: answer.id, answer.outcome)
        }
        return try await queue(claim)
    }

    /// Has the broker lead a request to a worker.
    private func queue(_ claim: Claim) async throws -> AdmittedExecution {
        var claim = claim
        // Nobody runs it here, and the body says it all.
        claim.submission.program.files = []
        claim.submission.program.stdin = []
        claim.submission.tests = nil
        while true {
            let outcome = try await committer.submit(claim)
            if case .taken(let other) = outcome {
                claim = other
                continue
            }
            if case .queued(let message) = outcome { await relay.send([message]) }
            return try AdmittedExecution(id: claim.submission.id, outcome)
        }
    }

    /// Checks that a dead letter that is mended would be taken in if it came again.
    ///
    /// - Throws: ``RequestRefusal``, as it would be refused then.
    public func check(_ letter: DeadLetter, as revision: Revision) throws(RequestRefusal) {
        try RequeueCheck(decoders: decoders)(letter, as: revision)
    }

    /// Takes a batch in that is one document; the same again changes nothing.
    ///
    /// - Parameters:
    ///   - message: The document, with the batch's id as its message id.
    ///   - queue: What dead letters say they came by.
    /// - Returns: What became of it.
    /// - Throws: ``RequestRefusal`` for a document that is no batch; ``StoreError``.
    public func submit(
        batch message: RequestMessage,
        from queue: String
    ) async throws -> AdmittedBatch {
        var message = message
        while true {
            let batch = try BatchDecoder(decoders: decoders).decode(
                message,
                from: queue,
                worker: worker
            )
            var admitted = AdmittedBatch(
                id: batch.id,
                pool: batch.pool,
                size: batch.size,
                refused: nil
            )
            switch try await store.admit(batch) {
            case .taken(let id): message.rename(id)
            case .admitted(let refused):
                await relay.hint(ControlMessage(parked: batch.pool))
                admitted.refused = refused
                Occurrence.count(batch)
                return admitted
            case .duplicate:
                return admitted
            case .conflict(let reason):
                throw RequestRefusal(.idConflict, reason)
            }
        }
    }
}

/// An execution that was taken in.
public struct AdmittedExecution: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Whether the request made it, and not the same one before.
    public var isNew: Bool
}

extension AdmittedExecution {
    /// - Throws: ``RequestRefusal`` for an id that is known with another content.
    fileprivate init(id: UUID, _ outcome: ClaimOutcome) throws(RequestRefusal) {
        switch outcome {
        case .conflict(let reason): throw RequestRefusal(.idConflict, reason)
        case .duplicate: self.init(id: id, isNew: false)
        case .claimed, .deferred, .parked, .queued, .taken: self.init(id: id, isNew: true)
        }
    }
}

/// A batch that was taken in.
public struct AdmittedBatch: Equatable, Sendable {
    /// The batch.
    public var id: UUID
    /// The pool that runs it.
    public var pool: String
    /// How many members it has.
    public var size: Int
    /// Those of them that are not taken in, see ``BatchOutcome/admitted(refused:)``; nil for a batch that was
    /// known already.
    public var refused: [DeadLetter]?
}

extension RequestRefusal {
    static func unknownPool(_ name: String) -> RequestRefusal {
        RequestRefusal(.invalidRequest, at: "/pool", "there is no pool \"\(name.prefix(64))\"")
    }
}
