/// When a failure that goes on is to be said again: at once, and then at intervals that double, up to half
/// an hour.
public struct FailureReport: Sendable {
    private static let first: Duration = .seconds(30)
    private static let limit: Duration = .seconds(1_800)

    private var next: ContinuousClock.Instant?
    private var interval = Self.first

    /// Nothing has failed.
    public init() {}

    /// Whether anything has failed since the last ``end()``.
    public var isFailing: Bool { next != nil }

    /// Notes that it fails; whether that is to be said now.
    public mutating func isDue(at now: ContinuousClock.Instant = .now) -> Bool {
        if let next, now < next { return false }
        next = now + interval
        interval = min(interval * 2, Self.limit)
        return true
    }

    /// Notes that it works again.
    public mutating func end() {
        self = FailureReport()
    }
}
