/// How long to wait before the next try: exponential, with full jitter, so that many clients of
/// one broker do not come back at the same moment.
public struct Backoff: Hashable, Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var ceiling: Duration

    /// - Parameters:
    ///   - initial: The longest that the first wait may be.
    ///   - maximum: The longest that any wait may be.
    public init(initial: Duration = .milliseconds(200), maximum: Duration = .seconds(30)) {
        precondition(.zero < initial && initial <= maximum, "a backoff must grow")
        self.initial = initial
        self.maximum = maximum
        ceiling = initial
    }

    /// The next wait: anything from zero to a ceiling that doubles each time.
    ///
    /// A failure is hopeless if only a person can mend it; the ceiling is then the maximum at once.
    public mutating func next(
        isHopeless: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if isHopeless { ceiling = maximum }
        defer { ceiling = min(ceiling * 2, maximum) }
        return ceiling * Double.random(in: 0...1, using: &generator)
    }

    /// Begins anew if what was tried held for longer than the waits have become.
    public mutating func reset(after lifetime: Duration) {
        if lifetime > ceiling { ceiling = initial }
    }
}
