internal import FoundationEssentials
internal import SandmillEntity
internal import Synchronization

/// The executions that a worker holds, so that they can be ended before their time.
///
/// An end is decided by a row in the store. What is asked for here may come too late, or before the
/// worker has heard of its own claim; it is asked again every second while the row says so.
public final class RunningExecutions: Sendable {
    private struct Entry {
        let attempt: Int
        let pool: WarmPool
        var sandbox: (any Sandbox)?
        var decidedEnd: Outcome?
    }

    private struct State {
        var entries: [UUID: Entry] = [:]
        /// What was decided of executions whose claim has been committed, and is still to be told here.
        var early: [UUID: Outcome] = [:]
    }

    private let state = Mutex(State())

    /// Starts empty.
    public init() {}

    /// Ends executions that this worker has claimed: each stops waiting for a sandbox, or its program
    /// is killed, unless only its deadline has passed.
    func end(_ decided: [UUID: Outcome]) async {
        state.withLock { state in
            state.early = decided.filter { state.entries[$0.key] == nil }
        }
        for (id, outcome) in decided { await end(id, as: outcome) }
    }

    private func end(_ id: UUID, as outcome: Outcome) async {
        let entry: Entry? = state.withLock { state in
            if outcome.state == .expired, state.entries[id]?.sandbox != nil { return nil }
            state.entries[id]?.decidedEnd = outcome
            return state.entries[id]
        }
        guard let entry else { return }
        if let sandbox = entry.sandbox {
            await sandbox.cancel(id)
        } else {
            await entry.pool.giveUpWaiting(for: id)
        }
    }

    /// How an execution has to end, if that was decided.
    func decidedEnd(of id: UUID) -> Outcome? {
        state.withLock { $0.entries[id]?.decidedEnd }
    }

    func add(_ id: UUID, attempt: Int, waitingFor pool: WarmPool) {
        state.withLock { state in
            let decidedEnd = state.early.removeValue(forKey: id)
            state.entries[id] = Entry(attempt: attempt, pool: pool, decidedEnd: decidedEnd)
        }
    }

    func start(_ id: UUID, in sandbox: any Sandbox) {
        state.withLock { $0.entries[id]?.sandbox = sandbox }
    }

    /// Forgets an attempt, unless a later one has taken its place.
    func remove(_ id: UUID, attempt: Int) {
        state.withLock { state in
            if state.entries[id]?.attempt == attempt { state.entries[id] = nil }
        }
    }
}
