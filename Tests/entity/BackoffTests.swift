import SandmillEntity
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test(arguments: [(0, 100), (1, 200), (2, 400), (6, 6_400)])
    func aWaitLiesAnywhereUpToTheFirstDoubledForEachFailureBefore(failures: Int, ceiling: Int) {
        #expect(longestWait(after: failures) <= .milliseconds(ceiling))
        #expect(longestWait(after: failures) > .milliseconds(ceiling) * 0.9)
    }

    @Test func aWaitIsNeverAboveTheLimit() {
        var random = SeededGenerator(seed: 1)
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
        #expect((0..<1_000).allSatisfy { _ in backoff.next(using: &random) <= .seconds(1) })
    }

    @Test func resetForgetsTheFailures() {
        #expect(longestWait(after: 5) { $0.reset() } <= .milliseconds(100))
    }

    @Test func manyFailuresOverflowNothing() {
        var random = SeededGenerator(seed: 2)
        var backoff = Backoff(first: .seconds(60), limit: .seconds(3_600))
        for _ in 0..<10_000 { #expect(backoff.next(using: &random) >= .zero) }
    }

    /// The longest of many waits after so many failures.
    private func longestWait(
        after failures: Int,
        then change: (inout Backoff) -> Void = { _ in }
    ) -> Duration {
        var random = SeededGenerator(seed: 3)
        var longest = Duration.zero
        for _ in 0..<500 {
            var backoff = Backoff(first: .milliseconds(100), limit: .seconds(10))
            for _ in 0..<failures { _ = backoff.next(using: &random) }
            change(&backoff)
            longest = max(longest, backoff.next(using: &random))
        }
        return longest
    }
}
