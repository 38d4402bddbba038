import FoundationEssentials
import SandmillEntity
import Synchronization

/// What the fakes saw, in the order in which it happened; tests wait for an entry, never for time.
final class Journal: Sendable {
    enum Entry: Hashable, Sendable {
        case claimed(UUID)
        case claimFailed
        case parked(UUID)
        case countedParked
        case admitted(UUID)
        case admitFailed
        case admittedHeldMembers
        case acknowledged(String)
        case released(String)
        case consuming
        case stoppedConsuming
        case started(sandbox: String)
        case startFailed
        case ran(String)
        case cancelled(sandbox: String)
        case destroyed(sandbox: String)
        case removingOrphans(of: String)
        case removedOrphans(of: String)
        case staged(results: String)
        case placed(results: String)
        case checkedResults
        case finished(UUID, ExecutionState)
        case finishFailed
        case removeFailed
        case retried(UUID, Outcome.Reason?)
        case keeping
        case keepFailed
        case kept(String)
        case keptBuild
        case forgotBuild
        case sent(String)
        case markedSandboxed(UUID)
        case heartbeat
        case drained(String)
        case soughtDead
        case soughtLeftovers
        case putBack(UUID)
        case reclaimed(String)
        case reclaimFailed
        case deregistered(String)
    }

    private struct State {
        var entries: [Entry] = []
        var readers: [AsyncStream<Entry>.Continuation] = []
    }

    private let state = Mutex(State())

    var entries: [Entry] { state.withLock { $0.entries } }

    func note(_ entry: Entry) {
        state.withLock { state in
            state.entries.append(entry)
            for reader in state.readers { reader.yield(entry) }
        }
    }

    /// Waits until an entry has been made so many times, or the test's time limit.
    func wait(for entry: Entry, times: Int = 1) async {
        await wait(times: times) { $0 == entry }
    }

    func wait(times: Int = 1, until isWanted: (Entry) -> Bool) async {
        let (stream, reader) = AsyncStream<Entry>.makeStream()
        state.withLock { state in
            for entry in state.entries { reader.yield(entry) }
            state.readers.append(reader)
        }
        var missing = times
        for await entry in stream where isWanted(entry) {
            missing -= 1
            if missing <= 0 { return }
        }
    }

    func count(of entry: Entry) -> Int {
        entries.count { $0 == entry }
    }

    /// How often something happened before something else did for the first time, or at all.
    func count(of entry: Entry, before first: Entry) -> Int {
        entries.prefix { $0 != first }.count { $0 == entry }
    }

    /// Whether both happened, the first before the second.
    func saw(_ first: Entry, before second: Entry) -> Bool {
        let entries = entries
        guard let one = entries.firstIndex(of: first), let two = entries.firstIndex(of: second)
        else { return false }
        return one < two
    }
}
