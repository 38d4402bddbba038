internal import HTTPTypes
internal import SandmillEntity
internal import Synchronization

/// How many bytes the bodies of all requests hold at once, so that many who send much cannot use the
/// memory up.
final class BodyBudget: Sendable {
    /// What one request has taken; it comes back with the last who holds it.
    final class Share: Sendable {
        private let budget: BodyBudget
        private let bytes = Atomic(0)

        fileprivate init(_ budget: BodyBudget) {
            self.budget = budget
        }

        deinit {
            budget.taken.subtract(bytes.load(ordering: .relaxed), ordering: .relaxed)
        }

        /// Takes more.
        ///
        /// - Throws: ``Problem`` when there is not so much.
        func take(_ count: Int) throws(Problem) {
            guard budget.taken.add(count, ordering: .relaxed).newValue <= budget.limit else {
                budget.taken.subtract(count, ordering: .relaxed)
                throw Problem(
                    .overloaded,
                    "the bodies of all requests are too many bytes",
                    headers: [.retryAfter: "1", .connection: "close"]
                )
            }
            bytes.add(count, ordering: .relaxed)
        }
    }

    private let limit: Int
    private let taken = Atomic(0)

    /// Has room for `limit`.
    init(_ limit: ByteCount) {
        self.limit = Int(limit.bytes)
    }

    /// How many bytes are held.
    var takenCount: Int { taken.load(ordering: .relaxed) }

    /// Begins a share, of nothing.
    func share() -> Share { Share(self) }
}
