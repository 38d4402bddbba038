import SandmillService
import Testing

/// A failure that goes on is said at once, and then ever less often.
@Suite struct FailureReportTests {
    /// The seconds at which something is said that fails each second.
    private func said(
        _ report: inout FailureReport,
        at seconds: Range<Int>,
        from start: ContinuousClock.Instant
    ) -> [Int] {
        seconds.filter { report.isDue(at: start + .seconds($0)) }
    }

    @Test func itIsSaidOnceAndThenAtGrowingIntervals() {
        var report = FailureReport()
        let times = said(&report, at: 0..<7_200, from: .now)
        #expect(times == [0, 30, 90, 210, 450, 930, 1_890, 3_690, 5_490])
    }

    @Test func whatFailsAnewIsSaidAtOnce() {
        var report = FailureReport()
        let start = ContinuousClock.now
        #expect(said(&report, at: 0..<20, from: start) == [0])
        #expect(report.isFailing)
        report.end()
        #expect(!report.isFailing)
        #expect(said(&report, at: 20..<40, from: start) == [20])
    }
}
