internal import Backoff
internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Writes what becomes of executions, many at a time: claims, output, ends, retries, dead letters.
///
/// Each kind gathers while the previous group of its kind commits (``GroupCommitter``). What a
/// finished group put into the outbox goes to the relay at once.
public actor ExecutionLedger: Service {
    /// How long claims and output gather while executions wait for a sandbox, which they do longer.
    ///
    /// Ends need no such time: those of one publication come together.
    private static let linger: Duration = .milliseconds(30)

    private let claims: GroupCommitter<Claim, ClaimOutcome>
    private let arrivals: GroupCommitter<Claim, ClaimOutcome>
    private let publications: GroupCommitter<FinishedResult, Result<Void, ResultsError>>
    private let promptPublications: GroupCommitter<FinishedResult, Result<Void, ResultsError>>
    private let ends: GroupCommitter<FinishedExecution, Void>
    private let retries: GroupCommitter<FailedAttempt, Void>
    private let starts: GroupCommitter<RunningAttempt, Void>
    private let letters: GroupCommitter<DeadLetter, Void>
    /// What waits for a sandbox of this worker, in any pool.
    nonisolated let backlog = Backlog()
    /// What the store keeps waiting.
    public nonisolated let delay: StoreDelay

    /// Whether results can be written.
    public nonisolated let resultsHealth: ResultsHealth
    /// The claims that are written here and what has come of them.
    nonisolated let held = HeldClaims()
    /// What this process has not acknowledged.
    nonisolated let deliveries = OpenDeliveries()

    private let store: any ExecutionStore
    private let results: any ResultsStore

    /// Writes records to `store`, what is refused to `letters` and output to `results`, and hands
    /// events to `relay`.
    ///
    /// What came by the broker and cannot be written, while others can, goes back to it after
    /// `patience`.
    public init(
        store: any ExecutionStore,
        letters: any DeadLetterStore,
        results: any ResultsStore,
        relay: Relay,
        patience: Duration = .seconds(10),
        logger: Logger
    ) {
        self.store = store
        self.results = results
        delay = StoreDelay(logger: logger)
        resultsHealth = ResultsHealth(results, logger: logger)
        claims = .ofClaims(
            in: store,
            linger: Self.linger,
            patienceSetAside: patience,
            backlog: backlog,
            delay: delay
        )
        arrivals = .ofClaims("arrivals", in: store, patienceSetAside: patience, delay: delay)
        publications = GroupCommitter(linger: Self.linger, backlog: backlog) {
            await results.publish($0)
        }
        promptPublications = GroupCommitter { await results.publish($0) }
        ends = .ofEnds(in: store, announcedBy: relay, delay: delay)
        retries = GroupCommitter(of: "retries", delay: delay) { attempts throws(StoreError) in
            try await store.retry(attempts)
            return attempts.map { _ in }
        }
        starts = GroupCommitter(of: "starts", delay: delay) { attempts throws(StoreError) in
            try await store.markSandboxed(attempts)
            return attempts.map { _ in }
        }
        self.letters = GroupCommitter(
            of: "dead letters",
            size: \.body.count,
            patienceSetAside: patience,
            delay: delay
        ) { refused throws(StoreError) in
            try await letters.keep(refused)
            Occurrence.countRefused(refused)
            for letter in refused { logger.report(letter) }
            return refused.map { _ in }
        }
    }

    /// Commits until a graceful shutdown, then what was handed over by then.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.claims.run() }
            group.addTask { await self.arrivals.run() }
            group.addTask { await self.publications.run() }
            group.addTask { await self.promptPublications.run() }
            group.addTask { await self.ends.run() }
            group.addTask { await self.retries.run() }
            group.addTask { await self.starts.run() }
            group.addTask { await self.letters.run() }
            try? await gracefulShutdown()
            await claims.finish()
            await arrivals.finish()
            await publications.finish()
            await promptPublications.finish()
            await ends.finish()
            await retries.finish()
            await starts.finish()
            await letters.finish()
        }
    }

    /// Takes a request in.
    ///
    /// What is to wait gathers no longer than a commit takes, since the sooner
    /// it is in the store, the more there is to choose from.
    ///
    /// What is `isPrompt` gathers no longer either, so that it is not kept waiting by a backlog of
    /// others.
    nonisolated func claim(
        _ claim: Claim,
        _ isPrompt: Bool
    ) async throws(StoreError) -> ClaimOutcome {
        try await (claim.intent == .run && !isPrompt ? claims : arrivals).submit(claim)
    }

    /// Claims what waits in the store; a store that cannot be reached, or refuses us, is waited for.
    nonisolated func take(_ takeRequest: TakeRequest) async throws(StoreError) -> [TakenExecution] {
        var backoff = Backoff()
        var takeRequest = takeRequest
        while true {
            do throws(StoreError) {
                return try await store.take(takeRequest)
            } catch {
                guard error.code != .internal, !Task.isCancelled else { throw error }
                takeRequest.isRepeated = true
                try? await ContinuousClock().sleep(for: backoff.next())
            }
        }
    }

    nonisolated func parked(
        pool: String,
        upTo limit: Int
    ) async throws(StoreError) -> [Lane: LaneBacklog] {
        try await store.parked(pool: pool, upTo: limit)
    }

    /// Brings output to where it is kept; throws ``ResultsError``, or ``StoreError`` when the worker has stopped.
    nonisolated func publish(_ result: FinishedResult, isPrompt: Bool) async throws {
        try await (isPrompt ? promptPublications : publications).submit(result).get()
        if try await !results.deliver(result) { await resultsHealth.suspect() }
    }

    nonisolated func keep(_ letter: DeadLetter) async throws(StoreError) {
        try await letters.submit(letter)
    }

    /// Ends an execution; a store that cannot be reached is waited for.
    nonisolated func finish(_ execution: FinishedExecution) async throws(StoreError) {
        try await ends.submit(execution)
    }

    /// Schedules another attempt; a store that cannot be reached is waited for.
    nonisolated func retry(_ attempt: FailedAttempt) async throws(StoreError) {
        try await retries.submit(attempt)
    }

    /// Notes that programs have started, in one statement; nothing waits for a store that cannot be reached.
    nonisolated func note(started attempts: [RunningAttempt]) async throws(StoreError) {
        try await store.markSandboxed(attempts)
    }

    /// Notes that an attempt has a sandbox; a store that cannot be reached is waited for.
    nonisolated func markSandboxed(_ attempt: RunningAttempt) async throws(StoreError) {
        try await starts.submit(attempt)
    }
}

extension GroupCommitter where Item == Claim, Outcome == ClaimOutcome {
    /// Writes claims to `store`.
    static func ofClaims(
        _ kind: String = "claims",
        in store: any ExecutionStore,
        linger: Duration = .zero,
        patience: Duration? = nil,
        patienceSetAside: Duration? = nil,
        backlog: Backlog? = nil,
        delay: StoreDelay? = nil
    ) -> GroupCommitter {
        GroupCommitter(
            of: kind,
            size: \.request.body.count,
            linger: linger,
            patience: patience,
            patienceSetAside: patienceSetAside,
            backlog: backlog,
            delay: delay
        ) { claims throws(StoreError) in try await store.claim(claims) }
    }
}

extension GroupCommitter where Item == FinishedExecution, Outcome == Void {
    /// Writes ends to `store`, hands their events to `relay` at once, and counts them.
    static func ofEnds(
        in store: any ExecutionStore,
        announcedBy relay: Relay,
        delay: StoreDelay
    ) -> GroupCommitter {
        GroupCommitter(of: "ends", size: \.storedSize, delay: delay) { ends throws(StoreError) in
            let messages = try await store.finish(ends)
            await relay.send(messages)
            // An end that another has written before is announced by nothing.
            let announced = Set(messages.map(\.message.properties.messageID))
            for end in ends
            where end.events.contains(where: { announced.contains($0.properties.messageID) }) {
                Occurrence.countEnd(end.document)
            }
            return ends.map { _ in }
        }
    }
}

extension Logger {
    /// Says that a message was refused and is kept, on one line.
    fileprivate func report(_ letter: DeadLetter) {
        info(
            "A message was refused and is kept as a dead letter.",
            metadata: [
                "error_type": "\(letter.errorType)", LogKey.reason: "\(letter.reason.prefix(256))",
                LogKey.queue: "\(letter.queue)",
                "message_id": "\((letter.properties.messageID ?? "").prefix(64))",
            ]
        )
    }
}

extension FinishedExecution {
    /// About how many bytes it is to the store.
    fileprivate var storedSize: Int {
        events.reduce(encodedDocument.count) { $0 + $1.body.count }
    }
}
