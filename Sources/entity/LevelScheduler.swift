/// Which level is served next: smooth weighted round robin over the levels that have something.
///
/// Each turn every level that waits gains its weight; the one that has gained most is served and
/// pays what all gained. With all levels waiting the shares are the weights', spread evenly, so
/// `low` is served at least once in `total / weight` turns.
public struct LevelScheduler: Sendable {
    private let weights: [Level: Int]
    private var credits: [Level: Int] = [:]

    /// Starts with no level preferred; a weight is at least 1.
    public init(weights: [Level: Int] = [.high: 12, .normal: 4, .low: 1]) {
        precondition(weights.values.allSatisfy { $0 > 0 }, "a level without weight starves")
        self.weights = weights
    }

    /// Chooses among the levels that wait; nil when none does.
    public mutating func next(among waiting: [Level]) -> Level? {
        var total = 0
        for level in waiting {
            let weight = weights[level] ?? 1
            credits[level, default: 0] += weight
            total += weight
        }
        guard let chosen = waiting.max(by: { credits[$0, default: 0] < credits[$1, default: 0] })
        else { return nil }
        credits[chosen, default: 0] -= total
        return chosen
    }
}
