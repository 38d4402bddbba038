import SandmillEntity
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test func aWaitIsAtMostTheFirstDoubledForEachFailureBefore() {
        var random = Constant(word: .max)
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(10))
        let waits = (0..<4).map { _ in backoff.next(using: &random).rounded }
        #expect(waits == [100, 200, 400, 800])
    }

    @Test func aWaitIsNeverAboveTheLimit() {
        var random = SeededGenerator(seed: 1)
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
        #expect((0..<1_000).allSatisfy { _ in backoff.next(using: &random) <= .seconds(1) })
    }

    @Test func aWaitMayBeNought() {
        var random = Constant(word: 0)
        var backoff = Backoff()
        #expect(backoff.next(using: &random) == .zero)
    }

    @Test func resetForgetsTheFailures() {
        var random = Constant(word: .max)
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(10))
        for _ in 0..<5 { _ = backoff.next(using: &random) }
        backoff.reset()
        #expect(backoff.next(using: &random).rounded == 100)
    }
}

private struct Constant: RandomNumberGenerator {
    let word: UInt64

    func next() -> UInt64 { word }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var rounded: Int { Int((self / .milliseconds(1)).rounded()) }
}
