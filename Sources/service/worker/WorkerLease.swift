internal import Synchronization

/// Whether this worker may still take others' work upon itself: whether it has renewed its lease lately.
///
/// A worker that cannot renew it is cut off from the store, so that nothing it takes in could be
/// claimed; it lets go long before others take it for dead. Any thread may use it.
public final class WorkerLease: Sendable {
    private struct State {
        var end: ContinuousClock.Instant?
        var waiters: [AsyncStream<Never>.Continuation] = []

        var isHeld: Bool { end.map { .now < $0 } ?? false }
    }

    private let trust: Duration
    private let state = Mutex(State())

    /// A lease that is not held before it is renewed.
    ///
    /// - Parameter trust: How long it counts as held after a renewal: half of what the store grants,
    ///   so that what is let go reaches others within the other half.
    public init(trust: Duration = .seconds(15)) {
        self.trust = trust
    }

    /// Says when the lease was renewed last, by the time at which that was asked for.
    public func renew(at instant: ContinuousClock.Instant) {
        let waiters = state.withLock { state in
            state.end = max(instant + trust, state.end ?? instant)
            guard state.isHeld else { return [AsyncStream<Never>.Continuation]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.finish() }
    }

    /// Runs `body` while the lease is held: it is cancelled when that is not so any more, and run again
    /// after the next renewal, until the task is cancelled or `body` returns by itself.
    func whileHeld(_ body: @escaping @Sendable () async -> Void) async {
        while true {
            await waitUntilHeld()
            if Task.isCancelled { return }
            let isLost = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await body()
                    return false
                }
                group.addTask { await self.waitUntilLost() }
                let isLost = await group.next() ?? false
                group.cancelAll()
                return isLost
            }
            if !isLost { return }
        }
    }

    private func waitUntilHeld() async {
        let (renewal, waiter) = AsyncStream<Never>.makeStream()
        state.withLock { state in
            if state.isHeld { waiter.finish() } else { state.waiters.append(waiter) }
        }
        for await _ in renewal {}
    }

    /// Returns whether the lease is lost; not so when the task is cancelled.
    private func waitUntilLost() async -> Bool {
        while let end = state.withLock({ $0.isHeld ? $0.end : nil }) {
            guard (try? await ContinuousClock().sleep(until: end)) != nil else { return false }
        }
        return true
    }
}
