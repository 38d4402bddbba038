internal import FoundationEssentials
internal import Synchronization

/// The claims whose executions this process has in hand: they are being claimed, run, or settled.
///
/// An execution that the store says this worker runs, and whose claim is not here, is run by nobody.
final class HeldClaims: Sendable {
    /// How often each token is held; executions that were taken together share one.
    private let counts = Mutex<[UUID: Int]>([:])

    /// Whether a claim is held.
    func contains(_ token: UUID) -> Bool {
        counts.withLock { $0[token] != nil }
    }

    /// Holds a claim, once more if it is held; before the store hears of it.
    func hold(_ token: UUID) {
        counts.withLock { $0[token, default: 0] += 1 }
    }

    /// Lets go of a claim that was held as often.
    func letGo(_ token: UUID) {
        counts.withLock { counts in
            let rest = counts[token, default: 0] - 1
            counts[token] = rest > 0 ? rest : nil
        }
    }
}
