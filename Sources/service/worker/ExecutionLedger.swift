internal import FoundationEssentials
public import Logging
internal import Metrics
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
    /// The claims that are written here and what has come of them.
    nonisolated let held = HeldClaims()

    private let store: any ExecutionStore
    private let results: any ResultsStore
    private let logger: Logger
    private var resultsAreSuspect = false

    /// Writes records to `store`, what is refused to `letters` and output to `results`, and hands
    /// events to `relay`.
    public init(
        store: any ExecutionStore,
        letters: any DeadLetterStore,
        results: any ResultsStore,
        relay: Relay,
        logger: Logger
    ) {
        self.store = store
        self.results = results
        self.logger = logger
        claims = .ofClaims(in: store, linger: Self.linger, backlog: backlog)
        arrivals = .ofClaims(in: store)
        publications = GroupCommitter(linger: Self.linger, backlog: backlog) {
            await results.publish($0)
        }
        promptPublications = GroupCommitter { await results.publish($0) }
        ends = .ofEnds(in: store, announcedBy: relay)
        retries = GroupCommitter { attempts throws(StoreError) in
            try await store.retry(attempts)
            return attempts.map { _ in }
        }
        starts = GroupCommitter { attempts throws(StoreError) in
            try await store.markSandboxed(attempts)
            return attempts.map { _ in }
        }
        self.letters = GroupCommitter(size: \.body.count) { refused throws(StoreError) in
            try await letters.keep(refused)
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
        isPrompt: Bool
    ) async throws(StoreError) -> ClaimOutcome {
        try await (claim.intent == .run && !isPrompt ? claims : arrivals).submit(claim)
    }

    /// Claims what waits in the store; a store that cannot be reached is waited for.
    nonisolated func take(_ vacancy: Vacancy) async throws(StoreError) -> [TakenExecution] {
        var backoff = Backoff()
        while true {
            do throws(StoreError) {
                return try await store.take(vacancy)
            } catch {
                guard error.isRetryable, !Task.isCancelled else { throw error }
                try? await ContinuousClock().sleep(for: backoff.next())
            }
        }
    }

    nonisolated func parkedCount(
        pool: String,
        upTo limit: Int
    ) async throws(StoreError) -> Int {
        try await store.parkedCount(pool: pool, upTo: limit)
    }

    /// Puts output in place; throws ``ResultsError``, or ``StoreError`` when the worker has stopped.
    nonisolated func publish(_ result: FinishedResult, isPrompt: Bool) async throws {
        try await (isPrompt ? promptPublications : publications).submit(result).get()
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

    /// Notes that an attempt has a sandbox; a store that cannot be reached is waited for.
    nonisolated func markSandboxed(_ attempt: RunningAttempt) async throws(StoreError) {
        try await starts.submit(attempt)
    }

    /// Remembers that results could not be written, so that nothing is claimed until they can.
    func suspectResults() {
        resultsAreSuspect = true
    }

    /// Waits until results can be written, if there was doubt, or until the worker is to stop.
    func waitUntilResultsAreWritable() async {
        var backoff = Backoff(first: .milliseconds(500), limit: .seconds(10))
        while resultsAreSuspect, !Task.isShuttingDownGracefully, !Task.isCancelled {
            do throws(ResultsError) {
                try await results.checkWritable()
                resultsAreSuspect = false
            } catch {
                logger.error(
                    "Nothing is claimed while results cannot be written.",
                    metadata: [LogKey.reason: "\(error.message)"]
                )
                let wait = backoff.next()
                try? await cancelWhenGracefulShutdown {
                    try await ContinuousClock().sleep(for: wait)
                }
            }
        }
    }
}

extension GroupCommitter where Item == Claim, Outcome == ClaimOutcome {
    /// Writes claims to `store`.
    static func ofClaims(
        in store: any ExecutionStore,
        linger: Duration = .zero,
        patience: Duration? = nil,
        backlog: Backlog? = nil
    ) -> GroupCommitter {
        GroupCommitter(
            size: \.request.body.count,
            linger: linger,
            patience: patience,
            backlog: backlog
        ) { claims throws(StoreError) in try await store.claim(claims) }
    }
}

extension GroupCommitter where Item == FinishedExecution, Outcome == Void {
    /// Writes ends to `store`, hands their events to `relay` at once, and counts them.
    static func ofEnds(in store: any ExecutionStore, announcedBy relay: Relay) -> GroupCommitter {
        GroupCommitter { ends throws(StoreError) in
            let messages = try await store.finish(ends)
            await relay.send(messages)
            for state in messages.compactMap(\.message.announcedState) {
                Counter(label: "sandmill_executions_finished", dimensions: [("state", state)])
                    .increment()
            }
            return ends.map { _ in }
        }
    }
}

extension OutboundMessage {
    /// The state of the execution whose end this tells everybody; nil for any other message.
    fileprivate var announcedState: String? {
        let words = routingKey.split(separator: ".")
        guard exchange == .events, words.count > 1, words[0] == "execution" else { return nil }
        return String(words[1])
    }
}
