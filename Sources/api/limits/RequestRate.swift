internal import Hummingbird
internal import Synchronization

/// How many requests each caller may make.
final class RequestRate: Sendable {
    /// As many callers are remembered; beyond them those that have not asked lately are forgotten.
    private static let memory = 4_096

    private let perSecond: Double
    private let now: @Sendable () -> ContinuousClock.Instant
    private let buckets = Mutex<[String: TokenBucket]>([:])

    /// Lets `perSecond` requests of each caller through, and for a moment twice as many.
    init(
        perSecond: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.perSecond = Double(perSecond)
        self.now = now
    }

    /// How many callers are remembered.
    var callerCount: Int { buckets.withLock { $0.count } }

    /// Counts a request.
    ///
    /// - Throws: ``Problem`` when there were too many.
    func count(_ caller: String) throws(Problem) {
        let now = now()
        let wait: Duration? = buckets.withLock { buckets in
            if buckets.count >= Self.memory, buckets[caller] == nil {
                buckets = buckets.filter { !$0.value.isFull(at: now) }
            }
            let new = TokenBucket(rate: perSecond, capacity: 2 * perSecond, now: now)
            return buckets[caller, default: new].take(at: now)
        }
        guard let wait else { return }
        let seconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        throw Problem(
            .tooManyRequests,
            "more than \(Int(perSecond)) requests a second",
            headers: [.retryAfter: "\(seconds)"]
        )
    }
}
