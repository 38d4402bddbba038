import CoreMetrics
import Prometheus
import Testing

@Suite struct PrometheusFactoryTests {
    private let factory = PrometheusFactory(help: ["jobs_total": "Jobs so far."])

    private func samples(_ name: String) throws -> [MetricFamily.Sample] {
        try #require(factory.collect().first { $0.name == name }).samples
    }

    @Test func aCounterGrowsWhoeverMakesIt() throws {
        factory.makeCounter(label: "jobs", dimensions: [("state", "ok")]).increment(by: 2)
        factory.makeCounter(label: "jobs_total", dimensions: [("state", "ok")]).increment(by: 3)
        factory.makeCounter(label: "jobs", dimensions: [("state", "bad")]).increment(by: 1)
        let family = try #require(factory.collect().first)
        #expect(family.name == "jobs_total")
        #expect(family.help == "Jobs so far.")
        #expect(family.kind == .counter)
        #expect(family.samples.map(\.value) == [1, 5])
        #expect(family.samples.map { $0.labels.map(\.value) } == [["bad"], ["ok"]])
    }

    @Test func aMeterIsWhatWasSetLast() throws {
        let meter = factory.makeMeter(label: "level", dimensions: [])
        meter.set(5 as Int64)
        meter.increment(by: 2.5)
        meter.decrement(by: 1)
        #expect(try samples("level").map(\.value) == [6.5])
    }

    @Test func aTimerIsAHistogramOfSeconds() throws {
        let timer = factory.makeTimer(label: "wait", dimensions: [("route", "/x")])
        for milliseconds in [0.5, 0.6, 700, 90_000] {
            timer.recordNanoseconds(Int64(milliseconds * 1e6))
        }
        let samples = try samples("wait")
        let buckets = Dictionary(
            uniqueKeysWithValues: samples.filter { $0.suffix == "_bucket" }
                .map { ($0.labels.last?.value ?? "", $0.value) }
        )
        #expect(buckets["0.0005"] == 1)
        #expect(buckets["0.001"] == 2)
        #expect(buckets["0.5"] == 2)
        #expect(buckets["1"] == 3)
        #expect(buckets["60"] == 3)
        #expect(buckets["+Inf"] == 4)
        #expect(samples.first { $0.suffix == "_count" }?.value == 4)
        let sum = try #require(samples.first { $0.suffix == "_sum" }?.value)
        #expect(abs(sum - 90.7011) < 1e-9)
    }

    @Test func aNameIsOfOneKind() throws {
        factory.makeMeter(label: "x", dimensions: []).set(1.0)
        factory.makeTimer(label: "x", dimensions: []).recordNanoseconds(1)
        #expect(try samples("x").map(\.value) == [1])
    }
}
