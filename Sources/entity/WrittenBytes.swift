/// What tenants have written of late, less what their rate has let through since: a leaky bucket each.
///
/// A value without a clock; times are monotonic, from any origin.
struct WrittenBytes: Sendable {
    /// As many tenants are remembered without looking for those that have nothing left.
    private static let memory = 1_024

    /// How many bytes a second each may write; nil for any number.
    private let rate: Double?
    private var levels: [String: (bytes: Double, at: Duration)] = [:]

    init(rate: ByteCount?) {
        self.rate = rate.map { Double($0.bytes) }
    }

    /// How many tenants are remembered.
    var count: Int { levels.count }

    /// Whether a tenant has to wait: it has written what its rate lets through in two seconds, and more.
    func exceeds(_ tenant: String, at now: Duration) -> Bool {
        guard let rate, let level = levels[tenant] else { return false }
        return left(of: level, at: now, rate) > 2 * rate
    }

    /// Whether a tenant may run one program at a time only: it has written what its rate lets through in a
    /// quarter of a second, and more.
    func isMuch(of tenant: String, at now: Duration) -> Bool {
        guard let rate, let level = levels[tenant] else { return false }
        return left(of: level, at: now, rate) > rate / 4
    }

    /// Counts what a tenant has written.
    mutating func add(_ written: ByteCount, by tenant: String, at now: Duration) {
        guard let rate, written > .zero else { return }
        let before = levels[tenant].map { left(of: $0, at: now, rate) } ?? 0
        levels[tenant] = (before + Double(written.bytes), now)
        guard levels.count > Self.memory else { return }
        levels = levels.filter { left(of: $0.value, at: now, rate) > 0 }
    }

    private func left(
        of level: (bytes: Double, at: Duration),
        at now: Duration,
        _ rate: Double
    ) -> Double {
        max(0, level.bytes - (now - level.at) / .seconds(1) * rate)
    }
}
