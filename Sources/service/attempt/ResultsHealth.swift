internal import Backoff
internal import Logging
internal import SandmillEntity
internal import ServiceLifecycle

/// Whether results can be written, as far as this worker knows: what it asks before it claims or
/// starts anything.
///
/// A result that cannot be written raises doubt. From then on the store is checked, with backoff,
/// until it can be written and has room for all results that could not.
public actor ResultsHealth {
    private let results: any ResultsStore
    private let logger: Logger
    private let clock = ContinuousClock()
    private var backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(10))

    /// Whether there is doubt.
    private var isSuspect = false
    /// How often doubt was raised, so that a check knows whether it was while it ran.
    private var suspicions = 0
    /// How many bytes the results have that could not be written.
    private var room = ByteCount.zero
    private var nextCheck: ContinuousClock.Instant
    private var isChecking = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var isReported = false
    private var provenAt: ContinuousClock.Instant?

    /// Trusts the store.
    init(_ results: any ResultsStore, logger: Logger) {
        self.results = results
        self.logger = logger
        nextCheck = clock.now
    }

    /// Takes in that a result of `size` bytes, as far as that is known, could not be written.
    func suspect(_ size: ByteCount = .zero) {
        if !isSuspect { nextCheck = clock.now }
        isSuspect = true
        suspicions += 1
        room = room + size
    }

    /// Whether results can be written; checks it if there is doubt, unless that was just done.
    func isWritable() async -> Bool {
        await waitForCheck()
        if isSuspect, nextCheck <= clock.now { _ = await failure() }
        return !isSuspect
    }

    /// Waits until results can be written, or until the worker is to stop.
    func waitUntilWritable() async {
        while !Task.isShuttingDownGracefully, !Task.isCancelled, await !isWritable() {
            let (clock, time) = (clock, nextCheck)
            try? await cancelWhenGracefulShutdown { try await clock.sleep(until: time) }
        }
    }

    /// Why results cannot be written, in words for operators; nil where there is no doubt and a check was
    /// good within the last ten seconds, or is now: it flushes the file system, so it is not for every look.
    public func recentFailure() async -> String? {
        if !isSuspect, let provenAt, clock.now - provenAt < .seconds(10) { return nil }
        return await failure()
    }

    /// Checks whether results can be written; why not, in words for operators, or nil.
    public func failure() async -> String? {
        await waitForCheck()
        isChecking = true
        defer {
            isChecking = false
            for waiter in waiters { waiter.resume() }
            waiters = []
        }
        let known = suspicions
        do throws(ResultsError) {
            try await results.checkWritable(room: room)
            if known == suspicions { trust() }
            provenAt = clock.now
            return nil
        } catch {
            isSuspect = true
            nextCheck = clock.now + backoff.next()
            report(error)
            return error.message
        }
    }

    private func waitForCheck() async {
        while isChecking { await withCheckedContinuation { waiters.append($0) } }
    }

    private func trust() {
        isSuspect = false
        room = .zero
        backoff.reset()
        guard isReported else { return }
        isReported = false
        logger.notice("Results can be written again, and the worker goes on.")
    }

    private func report(_ error: ResultsError) {
        guard !isReported else { return }
        isReported = true
        logger.error(
            "Nothing is claimed while results cannot be written.",
            metadata: [LogKey.reason: "\(error.message)"]
        )
    }
}
