public import CoreMetrics
internal import Synchronization

/// Keeps the metrics of a process for Prometheus; the backend of swift-metrics.
///
/// A metric is known by its name and its labels, for ever: whoever makes one with the same again
/// goes on with the same figures, and destroying it keeps them. Labels must therefore have few values.
public final class PrometheusFactory: MetricsFactory {
    /// Seconds that answers take, from half a millisecond to a minute.
    public static let durations = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    private struct Family {
        let kind: MetricFamily.Kind
        var instruments: [[MetricFamily.Label]: any Instrument] = [:]
    }

    private let help: [String: String]
    private let buckets: [String: [Double]]
    private let families = Mutex<[String: Family]>([:])

    /// Starts without metrics.
    ///
    /// - Parameters:
    ///   - help: What metrics mean, by name, for people.
    ///   - buckets: The bounds of histograms, by name, which grow; ``durations`` of those that are not
    ///     there.
    public init(help: [String: String] = [:], buckets: [String: [Double]] = [:]) {
        self.help = help
        self.buckets = buckets
    }

    /// The metrics now, by name.
    public func collect() -> [MetricFamily] {
        families.withLock { $0 }.sorted { $0.key < $1.key }.map { name, family in
            let samples = family.instruments
                .sorted { Self.comesBefore($0.key, $1.key) }
                .flatMap { $0.value.samples($0.key) }
            return MetricFamily(name, family.kind, help: help[name] ?? "", samples: samples)
        }
    }

    /// Makes a counter; `_total` is added to its name where it is missing.
    public func makeCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any CounterHandler {
        let name = label.hasSuffix("_total") ? label : label + "_total"
        return instrument(name, dimensions, .counter) { CounterInstrument() }
            ?? NOOPMetricsHandler.instance
    }

    /// Makes a gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        instrument(label, dimensions, .gauge) { GaugeInstrument() } ?? NOOPMetricsHandler.instance
    }

    /// Makes a histogram if it aggregates, else a gauge.
    public func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        let recorder: (any RecorderHandler)? =
            aggregate
            ? histogram(label, dimensions)
            : instrument(label, dimensions, .gauge) { GaugeInstrument() }
        return recorder ?? NOOPMetricsHandler.instance
    }

    /// Makes a histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    /// Keeps the figures.
    public func destroyCounter(_ handler: any CounterHandler) {}

    /// Keeps the figures.
    public func destroyMeter(_ handler: any MeterHandler) {}

    /// Keeps the figures.
    public func destroyRecorder(_ handler: any RecorderHandler) {}

    /// Keeps the figures.
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func histogram(
        _ label: String,
        _ dimensions: [(String, String)]
    ) -> HistogramInstrument? {
        instrument(label, dimensions, .histogram) {
            HistogramInstrument(bounds: buckets[label] ?? Self.durations)
        }
    }

    /// The instrument of that name and these labels; nil where the name is of another kind already,
    /// since a family has one.
    private func instrument<Made: Instrument>(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: MetricFamily.Kind,
        make: () -> Made
    ) -> Made? {
        let name = TextFormat.metricName(label)
        let labels = dimensions.map { MetricFamily.Label($0.0, $0.1) }
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            guard family.kind == kind else { return nil }
            if let known = family.instruments[labels] { return known as? Made }
            let made = make()
            family.instruments[labels] = made
            families[name] = family
            return made
        }
    }

    private static func comesBefore(
        _ left: [MetricFamily.Label],
        _ right: [MetricFamily.Label]
    ) -> Bool {
        left.map(\.value).lexicographicallyPrecedes(right.map(\.value))
    }
}
