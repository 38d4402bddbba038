/// How long to wait before the next try: exponential, capped, with full jitter, so that many who
/// failed together do not come back together.
public struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    private var failures = 0

    /// Starts before the first failure.
    ///
    /// The `n`th wait lies anywhere between nought and `first · 2ⁿ⁻¹`, at most `limit`.
    public init(first: Duration = .milliseconds(100), limit: Duration = .seconds(10)) {
        self.first = first
        self.limit = limit
    }

    /// Counts a failure and returns how long to wait.
    public mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    /// As ``next()``, with the jitter from `generator`.
    public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(limit, first * (1 << min(failures, 20)))
        failures += 1
        return ceiling * Double.random(in: 0...1, using: &generator)
    }

    /// Forgets the failures.
    public mutating func reset() {
        failures = 0
    }
}
