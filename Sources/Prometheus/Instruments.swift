internal import CoreMetrics
internal import Synchronization

/// What a factory keeps of each metric with its labels.
protocol Instrument: Sendable {
    /// Its lines now.
    func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample]
}

/// A count that only grows.
final class CounterInstrument: CounterHandler, Instrument {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        [.init(labels: labels, value: Double(count.load(ordering: .relaxed)))]
    }
}

/// The last value that was set.
final class GaugeInstrument: RecorderHandler, MeterHandler, Instrument {
    private let value = Mutex(0.0)

    func record(_ value: Int64) { set(Double(value)) }

    func record(_ value: Double) { set(value) }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) {
        self.value.withLock { $0 = value }
    }

    func increment(by amount: Double) {
        value.withLock { $0 += amount }
    }

    func decrement(by amount: Double) {
        value.withLock { $0 -= amount }
    }

    func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        [.init(labels: labels, value: value.withLock { $0 })]
    }
}

/// Observations, counted in buckets: each bucket has what is at most its bound.
final class HistogramInstrument: RecorderHandler, TimerHandler, Instrument {
    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    /// Counts by `bounds`, which grow; what is above the last has a bucket too.
    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: [Int64](repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    /// Times are seconds, as Prometheus wants them.
    func recordNanoseconds(_ duration: Int64) {
        record(Double(duration) / 1e9)
    }

    func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var total: Int64 = 0
        var samples: [MetricFamily.Sample] = []
        for (bound, count) in zip(bounds + [.infinity], counts) {
            total += count
            let label = MetricFamily.Label("le", TextFormat.number(bound))
            samples.append(.init(suffix: "_bucket", labels: labels + [label], value: Double(total)))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: sum))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(total)))
        return samples
    }
}
