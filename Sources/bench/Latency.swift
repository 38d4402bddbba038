import Histogram

/// How long single jobs took, one after the other.
struct Latency {
    private var histogram = Histogram<UInt32>(
        highestTrackableValue: 60_000_000,
        numberOfSignificantValueDigits: .three
    )

    /// How many were measured.
    var count: Int { Int(histogram.totalCount) }

    /// Records how long `body` takes.
    mutating func measure(_ body: () async throws -> Void) async rethrows {
        let start = ContinuousClock.now
        try await body()
        record(since: start)
    }

    /// Records how long it is since `start`.
    mutating func record(since start: ContinuousClock.Instant) {
        record(ContinuousClock.now - start)
    }

    /// Records what took so long.
    mutating func record(_ duration: Duration) {
        histogram.record(UInt64(max(1, duration / .microseconds(1))))
    }

    /// The value that `percent` of all are below, in milliseconds.
    func percentile(_ percent: Double) -> Double {
        Double(histogram.valueAtPercentile(percent)) / 1_000
    }
}
