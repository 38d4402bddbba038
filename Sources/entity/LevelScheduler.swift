/// Which level is served next: smooth weighted round robin over the levels that have something.
///
/// A level of weight `w` has a turn each `1 / w` of a round. The level that has the least left of
/// its interval is served, the clock moves by what it had left, and its interval starts anew; a
/// level that joins starts a whole one (self-clocked fair queueing, Golestani 1994). Credits
/// would do the same while every level waits; an interval is bounded, whoever comes and goes.
///
/// A level's weight grows with the age of its oldest element: `1 + 2 · age / (age + ageing)`
/// times, so twice at the age of ``init(weights:ageing:)``'s `ageing` and never thrice. With
/// weights three times apart no level, however old, outweighs a new one of the level above.
///
/// Bounds, for `total` the sum of the weights that wait:
/// 1. While the same levels wait, at ages alike, any `total` turns in a row are `w` of each
///    level: 12, 4 and 1 of 17.
/// 2. Whatever comes and goes, at ages alike, a level that waits has a turn within `total / w`
///    turns, rounded up for each other level: `low` within 17.
/// 3. At any ages a level that is as old as the others gets as much at least, and any other a third
///    of it: `low` has a turn within 49.
/// 4. A level that joins while only lower ones of the default weights wait, and one of them had
///    the last turn, is next.
/// 5. Nothing is saved up: a level that was away, or could not be served, is owed one turn at most.
public struct LevelScheduler: Sendable {
    /// The length of a round, a multiple of the usual weights.
    private static let round = 720_720_000

    private let weights: [Level: Int]
    private let ageing: Duration
    /// How much of its interval has passed for each level that waited at the last turn.
    private var elapsed: [Level: Int] = [:]

    /// Starts with no level preferred; a weight is at least 1.
    public init(
        weights: [Level: Int] = Dictionary(
            uniqueKeysWithValues: Level.allCases.map { ($0, $0.weight) }
        ),
        ageing: Duration = .seconds(60)
    ) {
        precondition(weights.values.allSatisfy { $0 > 0 }, "a level without weight starves")
        precondition(ageing > .zero, "weights grow with time")
        self.weights = weights
        self.ageing = ageing
    }

    /// Chooses among the levels that wait; nil when none of them can be served.
    ///
    /// A level that waits and cannot be served keeps its place. `ages` says how long the oldest
    /// of each level has waited.
    public mutating func next(
        among waiting: [Level],
        ages: [Level: Duration] = [:],
        where canBeServed: (Level) -> Bool = { _ in true }
    ) -> Level? {
        let turns = waiting.filter(canBeServed).map { level in
            let interval = interval(of: level, age: ages[level] ?? .zero)
            return (left: max(0, interval - elapsed[level, default: 0]), level: level)
        }
        // A tie goes to the lesser weight, which has waited longer.
        let next = turns.min { ($0.left, weight(of: $0.level)) < ($1.left, weight(of: $1.level)) }
        guard let (left, chosen) = next else { return nil }
        elapsed = elapsed.filter { waiting.contains($0.key) }
        for level in waiting {
            elapsed[level] = min(elapsed[level, default: 0] + left, Self.round)
        }
        elapsed[chosen] = 0
        return chosen
    }

    private func weight(of level: Level) -> Int { weights[level] ?? 1 }

    private func interval(of level: Level, age: Duration) -> Int {
        let age = max(age, .zero)
        let growth = 1 + 2 * (age / (age + ageing))
        return Int(Double(Self.round) / (Double(weight(of: level)) * growth))
    }
}
