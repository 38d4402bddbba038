internal import FoundationEssentials
internal import SandmillEntity
internal import Synchronization

/// The executions that a worker holds, so that they can be ended before their time.
///
/// An end is decided by a row in the store, where it is looked for every second.
public final class RunningExecutions: Sendable {
    private struct Entry {
        let attempt: Int
        let pool: WarmPool
        var sandbox: (any Sandbox)?
        /// The attempt with its program's start, until the record has it.
        var unnotedStart: RunningAttempt?
        var decidedEnd: Outcome?
        /// Whether its sandbox is being told, which may take long.
        var isBeingTold = false
    }

    private let entries = Mutex<[UUID: Entry]>([:])

    /// Starts empty.
    public init() {}

    /// Ends an execution that this worker has claimed: it stops waiting for a sandbox, or its program is
    /// killed, unless only its deadline has passed.
    ///
    /// It returns when the sandbox has taken that, which may be late where it takes nothing; at once where
    /// it is being told already.
    func end(_ id: UUID, as outcome: Outcome) async {
        let entry: Entry? = entries.withLock { entries in
            if outcome.state == .expired, entries[id]?.sandbox != nil { return nil }
            entries[id]?.decidedEnd = outcome
            guard let entry = entries[id], !entry.isBeingTold else { return nil }
            entries[id]?.isBeingTold = entry.sandbox != nil
            return entry
        }
        guard let entry else { return }
        if let sandbox = entry.sandbox {
            await sandbox.cancel(id)
            entries.withLock { entries in
                if entries[id]?.attempt == entry.attempt { entries[id]?.isBeingTold = false }
            }
        } else {
            await entry.pool.giveUpWaiting(for: id)
        }
    }

    /// All of them.
    var ids: [UUID] { entries.withLock { Array($0.keys) } }

    /// How an execution has to end, if that was decided.
    func decidedEnd(of id: UUID) -> Outcome? {
        entries.withLock { $0[id]?.decidedEnd }
    }

    func add(_ id: UUID, attempt: Int, waitingFor pool: WarmPool) {
        entries.withLock { $0[id] = Entry(attempt: attempt, pool: pool) }
    }

    func start(_ id: UUID, in sandbox: any Sandbox) {
        entries.withLock { $0[id]?.sandbox = sandbox }
    }

    /// Takes that a program starts.
    func begin(_ attempt: RunningAttempt) {
        entries.withLock { $0[attempt.id]?.unnotedStart = attempt }
    }

    /// The attempts that run now, of which the record does not say that they have started.
    var unnotedStarts: [RunningAttempt] {
        entries.withLock { $0.values.compactMap(\.unnotedStart) }
    }

    /// Takes that the record says so of these.
    func note(started attempts: [RunningAttempt]) {
        entries.withLock { entries in
            for attempt in attempts where entries[attempt.id]?.unnotedStart == attempt {
                entries[attempt.id]?.unnotedStart = nil
            }
        }
    }

    /// Forgets an attempt, unless a later one has taken its place.
    func remove(_ id: UUID, attempt: Int) {
        entries.withLock { entries in
            if entries[id]?.attempt == attempt { entries[id] = nil }
        }
    }
}
