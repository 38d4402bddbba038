import SandmillEntity
import Testing

@Suite("LevelScheduler")
struct LevelSchedulerTests {
    @Test func theSharesAreTheWeightsWhenEveryLevelWaits() {
        var scheduler = LevelScheduler(weights: [.high: 12, .normal: 4, .low: 1])
        var turns: [Level: Int] = [:]
        for _ in 0..<170 {
            if let level = scheduler.next(among: Level.allCases) { turns[level, default: 0] += 1 }
        }
        #expect(turns == [.high: 120, .normal: 40, .low: 10])
    }

    @Test func theSharesAreSpreadEvenly() {
        var scheduler = LevelScheduler(weights: [.high: 2, .normal: 1, .low: 1])
        let turns = (0..<4).compactMap { _ in scheduler.next(among: Level.allCases) }
        #expect(zip(turns, turns.dropFirst()).allSatisfy { $0 != .high || $1 != .high })
    }

    @Test func theOnlyLevelThatWaitsIsServed() {
        var scheduler = LevelScheduler()
        #expect((0..<100).allSatisfy { _ in scheduler.next(among: [.low]) == .low })
    }

    @Test func nothingIsChosenWhenNothingWaits() {
        var scheduler = LevelScheduler()
        #expect(scheduler.next(among: []) == nil)
    }

    @Test func lowNeverStarvesWhateverElseComesAndGoes() {
        var random = SeededGenerator(seed: 7)
        var scheduler = LevelScheduler()
        var turnsSinceLow = 0
        for _ in 0..<10_000 {
            let others = [Level.high, .normal].filter { _ in Bool.random(using: &random) }
            let isLow = scheduler.next(among: others + [.low]) == .low
            turnsSinceLow = isLow ? 0 : turnsSinceLow + 1
            #expect(turnsSinceLow <= 17)
        }
    }
}
