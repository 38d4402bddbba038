import SandmillEntity
import TestSupport
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
            #expect(turnsSinceLow <= 16)
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func anySeventeenTurnsAreSharedByWeightHoweverTheyBegan(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scheduler = LevelScheduler()
        for _ in 0..<100 {
            _ = scheduler.next(among: Level.allCases.filter { _ in Bool.random(using: &random) })
        }
        // Whatever had a part of its interval behind it has used that up.
        for _ in 0..<17 { _ = scheduler.next(among: Level.allCases) }
        let turns = (0..<170).compactMap { _ in scheduler.next(among: Level.allCases) }
        for start in 0...(turns.count - 17) {
            let window = turns[start..<(start + 17)]
            #expect(Level.allCases.map { level in window.count { $0 == level } } == [12, 4, 1])
        }
    }

    @Test func aLevelIsServedTwiceAsOftenOnceItHasWaitedForTheAgeing() {
        var scheduler = LevelScheduler(ageing: .seconds(60))
        let ages = [Level.low: Duration.seconds(60)]
        let turns = (0..<180).compactMap { _ in scheduler.next(among: Level.allCases, ages: ages) }
        #expect(Level.allCases.map { level in turns.count { $0 == level } } == [120, 40, 20])
    }

    @Test func atOneAgeTheSharesAreTheWeights() {
        var scheduler = LevelScheduler()
        let ages = [Level.high: Duration.seconds(90), .normal: .seconds(90), .low: .seconds(90)]
        let turns = (0..<170).compactMap { _ in scheduler.next(among: Level.allCases, ages: ages) }
        #expect(Level.allCases.map { level in turns.count { $0 == level } } == [120, 40, 10])
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func lowIsServedInFortyNineTurnsWhateverTheAges(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scheduler = LevelScheduler()
        var turnsSinceLow = 0
        for _ in 0..<5_000 {
            var ages: [Level: Duration] = [:]
            for level in [Level.high, .normal] {
                ages[level] = .seconds(Int.random(in: 0...100_000, using: &random))
            }
            let isLow = scheduler.next(among: Level.allCases, ages: ages) == .low
            turnsSinceLow = isLow ? 0 : turnsSinceLow + 1
            #expect(turnsSinceLow <= 48)
        }
    }

    @Test(arguments: [(Level.low, Level.normal), (.low, .high), (.normal, .high)])
    func aLevelThatJoinsIsServedBeforeALowerOneHoweverOld(lower: Level, upper: Level) {
        var scheduler = LevelScheduler()
        let ages = [lower: Duration.seconds(1_000_000)]
        for _ in 0..<100 { _ = scheduler.next(among: [lower], ages: ages) }
        #expect(scheduler.next(among: [lower, upper], ages: ages) == upper)
    }

    @Test func aLevelThatWasAwayIsOwedNothing() {
        var scheduler = LevelScheduler()
        for _ in 0..<3_600 { _ = scheduler.next(among: [.normal, .low]) }
        let turns = (0..<17).compactMap { _ in scheduler.next(among: Level.allCases) }
        #expect(turns.count { $0 == .high } <= 12)
    }

    @Test func aLevelThatGaveUpWaitingStartsAnew() {
        var scheduler = LevelScheduler()
        while scheduler.next(among: Level.allCases) != .low {}
        for _ in 0..<16 { _ = scheduler.next(among: Level.allCases) }
        _ = scheduler.next(among: [.high, .normal])
        #expect((0..<12).allSatisfy { _ in scheduler.next(among: Level.allCases) != .low })
    }

    @Test func aLevelThatCouldNotBeServedIsOwedOneTurn() {
        var scheduler = LevelScheduler()
        for _ in 0..<1_000 {
            #expect(scheduler.next(among: Level.allCases) { $0 != .low } != .low)
        }
        let turns = (0..<34).compactMap { _ in scheduler.next(among: Level.allCases) }
        #expect(turns.first == .low)
        #expect(turns.count { $0 == .low } == 2 + 1)
    }

    @Test func aLevelThatCouldNotBeServedKeepsItsPlace() {
        var scheduler = LevelScheduler()
        for _ in 0..<8 { _ = scheduler.next(among: Level.allCases) }
        for _ in 0..<9 { _ = scheduler.next(among: Level.allCases) { $0 != .low } }
        #expect(scheduler.next(among: Level.allCases) == .low)
    }
}
