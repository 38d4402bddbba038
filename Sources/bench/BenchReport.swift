import Foundation

/// What was measured, each way beside bare `python3`.
struct BenchReport {
    var bare: [Double] = []
    var sandboxes: [Double] = []
    var endToEnd: [Double] = []
    var bareLatency = Latency()
    var sandboxLatency = Latency()
    var latency = Latency()
    var fairness: Fairness?
    var backlog: Backlog?

    private struct Row: Encodable {
        let way: String
        let jobsPerSecond: Double
        let timesBare: Double
        let idleP50Milliseconds: Double
        let idleP99Milliseconds: Double

        private enum CodingKeys: String, CodingKey {
            case way
            case jobsPerSecond = "jobs_per_second"
            case timesBare = "times_bare"
            case idleP50Milliseconds = "idle_p50_ms"
            case idleP99Milliseconds = "idle_p99_ms"
        }
    }

    /// The figures for people.
    func table(_ costs: SandboxCosts) -> String {
        var lines = [
            machine, "",
            "way                                     jobs/s   x bare  idle p50  idle p99",
        ]
        for row in rows {
            lines.append(
                row.way.padding(toLength: 36, withPad: " ", startingAt: 0)
                    + String(
                        format: "%10.0f %8.2f %6.1f ms %6.1f ms",
                        row.jobsPerSecond,
                        row.timesBare,
                        row.idleP50Milliseconds,
                        row.idleP99Milliseconds
                    )
            )
        }
        lines.append("")
        lines += costs.lines
        if let fairness { lines += [""] + fairness.lines }
        if let backlog { lines += [""] + backlog.lines }
        lines.append("")
        lines.append("Medians of \(bare.count) rounds that alternate between the ways.")
        return lines.joined(separator: "\n")
    }

    /// The figures for programs.
    func json(_ costs: SandboxCosts) throws -> String {
        struct Document: Encodable {
            let machine: String
            let rounds: Int
            let rows: [Row]
            let sandboxes: SandboxCosts
            let fairness: Fairness?
            let backlog: Backlog?
        }
        let document = Document(
            machine: machine,
            rounds: bare.count,
            rows: rows,
            sandboxes: costs,
            fairness: fairness,
            backlog: backlog
        )
        return try Self.json(document)
    }

    /// Figures as JSON.
    static func json(_ figures: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(figures), as: UTF8.self)
    }

    private var rows: [Row] {
        let ways = [
            ("bare /usr/bin/python3 job.py", bare, bareLatency),
            ("the sandbox alone", sandboxes, sandboxLatency),
            ("end to end, durable", endToEnd, latency),
        ]
        return ways.map { way, rounds, latency in
            Row(
                way: way,
                jobsPerSecond: median(rounds),
                timesBare: median(rounds) / median(bare),
                idleP50Milliseconds: latency.percentile(50),
                idleP99Milliseconds: latency.percentile(99)
            )
        }
    }

    private var machine: String {
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let model =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.drop { $0 == " " } } ?? "unknown processor"
        return "\(processors) CPUs, \(model)"
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
