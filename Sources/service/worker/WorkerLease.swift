internal import Synchronization

/// Whether this worker may still take others' work upon itself: whether it has renewed its lease lately.
///
/// A worker that cannot renew it is cut off from the store, so that nothing it takes in could be
/// claimed; it lets go long before others take it for dead. Any thread may use it.
public final class WorkerLease: Sendable {
    private struct State {
        var end: ContinuousClock.Instant?
        var isDraining = false
        var waiters: [AsyncStream<Never>.Continuation] = []
        /// Who uses the lease, to be told when it is lost before its time.
        var users: [Int: AsyncStream<Never>.Continuation] = [:]
        var lastUser = 0

        var isHeld: Bool { !isDraining && end.map { .now < $0 } ?? false }

        mutating func takeWaiters() -> [AsyncStream<Never>.Continuation] {
            guard isHeld else { return [] }
            defer { waiters = [] }
            return waiters
        }
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
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.finish() }
    }

    /// Whether the worker may take work upon itself now.
    var isHeld: Bool { state.withLock { $0.isHeld } }

    /// Whether the worker is to take nothing more: then the lease counts as lost, at once.
    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Has the worker take nothing more, or take again.
    func drain(_ isWanted: Bool) {
        let (waiters, users) = state.withLock { state in
            state.isDraining = isWanted
            return (state.takeWaiters(), isWanted ? Array(state.users.values) : [])
        }
        for waiter in waiters + users { waiter.finish() }
    }

    /// Waits while the worker is to take nothing.
    func waitWhileDraining() async {
        while isDraining, !Task.isCancelled { await waitUntilHeld() }
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
        let (drain, user) = AsyncStream<Never>.makeStream()
        let id = state.withLock { state in
            state.lastUser += 1
            if state.isDraining { user.finish() } else { state.users[state.lastUser] = user }
            return state.lastUser
        }
        defer { state.withLock { $0.users[id] = nil } }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in drain {} }
            group.addTask { await self.waitUntilEnded() }
            await group.next()
            group.cancelAll()
        }
        return !Task.isCancelled
    }

    private func waitUntilEnded() async {
        while let end = state.withLock({ $0.isHeld ? $0.end : nil }) {
            guard (try? await ContinuousClock().sleep(until: end)) != nil else { return }
        }
    }
}
