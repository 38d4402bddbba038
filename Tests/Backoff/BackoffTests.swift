import Backoff
import TestSupport
import Testing

@Suite struct BackoffTests {
    @Test func theCeilingDoublesUpToTheMaximum() {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(6))
        var highest = Highest()
        let waits = (0..<5).map { _ in backoff.next(using: &highest) }
        #expect(waits == [.seconds(1), .seconds(2), .seconds(4), .seconds(6), .seconds(6)])
    }

    @Test func aWaitIsAnythingBelowTheCeiling() {
        var generator = SeededGenerator(seed: 1)
        let waits = (0..<1_000).map { _ in
            var backoff = Backoff(initial: .seconds(1), maximum: .seconds(1))
            return backoff.next(using: &generator)
        }
        #expect(waits.allSatisfy { .zero <= $0 && $0 <= .seconds(1) })
        #expect(waits.min() ?? .zero < .milliseconds(50))
        #expect(waits.max() ?? .zero > .milliseconds(950))
    }

    @Test func aHopelessFailureWaitsLongAtOnce() {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
        var highest = Highest()
        #expect(backoff.next(isHopeless: true, using: &highest) == .seconds(60))
    }

    @Test func onlyWhatHeldLongerThanTheWaitsBeginsAnew() {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
        var highest = Highest()
        _ = backoff.next(using: &highest)
        _ = backoff.next(using: &highest)
        backoff.reset(after: .seconds(3))
        #expect(backoff.next(using: &highest) == .seconds(4))
        backoff.reset(after: .seconds(9))
        #expect(backoff.next(using: &highest) == .seconds(1))
    }

    @Test func resetForgetsTheFailures() {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
        var highest = Highest()
        for _ in 0..<5 { _ = backoff.next(using: &highest) }
        backoff.reset()
        #expect(backoff.next(using: &highest) == .seconds(1))
    }

    @Test func theFirstWaitIsNoLongerThanAnyOther() {
        var backoff = Backoff(initial: .seconds(64), maximum: .seconds(30))
        var highest = Highest()
        #expect(backoff.next(using: &highest) == .seconds(30))
    }

    @Test func manyFailuresOverflowNothing() {
        var backoff = Backoff(initial: .seconds(60), maximum: .seconds(3_600))
        for _ in 0..<10_000 { #expect(backoff.next() <= .seconds(3_600)) }
    }
}

/// Always draws the upper bound.
private struct Highest: RandomNumberGenerator {
    mutating func next() -> UInt64 { .max }
}
