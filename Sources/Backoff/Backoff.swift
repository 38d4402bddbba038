/// How long to wait before the next try: exponential, capped, with full jitter, so that many who
/// failed together do not come back together.
public struct Backoff: Hashable, Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var ceiling: Duration

    /// Starts before the first failure.
    ///
    /// - Parameters:
    ///   - initial: The longest that the first wait may be.
    ///   - maximum: The longest that any wait may be, the first as well.
    public init(initial: Duration = .milliseconds(100), maximum: Duration = .seconds(10)) {
        precondition(.zero < initial, "a wait of nought never grows")
        self.initial = min(initial, maximum)
        self.maximum = maximum
        ceiling = self.initial
    }

    /// Counts a failure and returns how long to wait: anything from zero to a ceiling that doubles each time.
    ///
    /// A failure is hopeless if only a person can mend it; the ceiling is then the maximum at once.
    public mutating func next(isHopeless: Bool = false) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(isHopeless: isHopeless, using: &generator)
    }

    /// As ``next(isHopeless:)``, with the jitter from a generator.
    public mutating func next(
        isHopeless: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if isHopeless { ceiling = maximum }
        defer { ceiling = min(ceiling * 2, maximum) }
        return ceiling * Double.random(in: 0...1, using: &generator)
    }

    /// Forgets the failures.
    public mutating func reset() {
        ceiling = initial
    }

    /// Forgets the failures if what was tried held for longer than the waits have become.
    public mutating func reset(after lifetime: Duration) {
        if lifetime > ceiling { reset() }
    }
}
