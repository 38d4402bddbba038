/// How many requests may come: so many a second, and for a moment as many more as were saved up.
///
/// A value; whoever has it says what time it is.
struct TokenBucket {
    /// Tokens a second, above nought.
    let rate: Double
    /// The most that is saved up, at least 1.
    let capacity: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    /// Starts full.
    init(rate: Double, capacity: Double, now: ContinuousClock.Instant) {
        precondition(rate > 0 && capacity >= 1, "a bucket lets something through")
        self.rate = rate
        self.capacity = capacity
        tokens = capacity
        filledAt = now
    }

    /// Takes a token; returns how long to wait for the next where there is none.
    mutating func take(at now: ContinuousClock.Instant) -> Duration? {
        if now > filledAt {
            tokens = min(capacity, tokens + (now - filledAt) / .seconds(1) * rate)
            filledAt = now
        }
        guard tokens >= 1 else { return .seconds((1 - tokens) / rate) }
        tokens -= 1
        return nil
    }

    /// Whether nothing is known of it that a new one would not know.
    func isFull(at now: ContinuousClock.Instant) -> Bool {
        tokens + max(0, (now - filledAt) / .seconds(1)) * rate >= capacity
    }
}
