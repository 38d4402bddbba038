import HTTPTypes
import Synchronization
import Testing

@testable import SandmillAPI

@Suite struct RequestRateTests {
    private final class HandClock: Sendable {
        private let instant = Mutex(ContinuousClock.now)

        func now() -> ContinuousClock.Instant { instant.withLock { $0 } }

        func advance(by duration: Duration) { instant.withLock { $0 += duration } }
    }

    private let clock = HandClock()

    private func rate(_ perSecond: Int) -> RequestRate {
        let clock = clock
        return RequestRate(perSecond: perSecond) { clock.now() }
    }

    private func passed(_ rate: RequestRate, _ caller: String, of count: Int) -> Int {
        (0..<count).count { _ in (try? rate.count(caller)) != nil }
    }

    @Test func twiceTheRatePassesAtOnceAndThenTheRate() {
        let rate = rate(5)
        #expect(passed(rate, "a", of: 100) == 10)
        clock.advance(by: .seconds(1))
        #expect(passed(rate, "a", of: 100) == 5)
        clock.advance(by: .seconds(3_600))
        #expect(passed(rate, "a", of: 100) == 10)
    }

    @Test func callersDoNotCountForEachOther() {
        let rate = rate(1)
        #expect(passed(rate, "a", of: 9) == 2)
        #expect(passed(rate, "b", of: 9) == 2)
    }

    @Test func aRefusalSaysWhenToComeAgain() throws {
        let rate = rate(1)
        #expect(passed(rate, "a", of: 9) == 2)
        let problem = #expect(throws: Problem.self) { try rate.count("a") }
        #expect(problem?.kind == .tooManyRequests)
        #expect(problem?.headers[.retryAfter] == "1")
    }

    @Test func callersOfOldAreForgotten() {
        let rate = rate(1)
        for caller in 0..<4_096 { #expect(passed(rate, "\(caller)", of: 1) == 1) }
        clock.advance(by: .seconds(10))
        #expect(passed(rate, "another", of: 1) == 1)
        #expect(rate.callerCount == 1)
    }

    @Test func aClockThatStandsStillGivesNothing() {
        let rate = rate(2)
        #expect(passed(rate, "a", of: 50) == 4)
        #expect(passed(rate, "a", of: 50) == 0)
    }
}
