import Foundation

/// What was measured, each way beside bare `python3`.
struct BenchReport {
    /// A way that jobs went.
    struct Way {
        let name: String
        /// Jobs a second, by round.
        var rounds: [Double] = []
        /// One job after the other, while nothing else is done.
        var latency = Latency()
        /// What the machine spent in a last round.
        var processorTime: ProcessorTime?
    }

    var bare = Way(name: "bare /usr/bin/python3 job.py")
    var sandboxes = Way(name: "the sandbox alone")
    var endToEnd = Way(name: "end to end, durable")
    var http = Way(name: "POST /execute/sync, 64 connections")
    var pipeline = Way(name: "the pipeline alone, no program")
    var fairness: Fairness?
    var backlog: Backlog?

    private var ways: [Way] { [bare, sandboxes, endToEnd, http, pipeline] }

    private struct Row: Encodable {
        let way: String
        let jobsPerSecond: Double
        let timesBare: Double
        let idleP50Milliseconds: Double
        let idleP99Milliseconds: Double
        /// Of CPU a job, by program.
        let processorMilliseconds: [String: Double]?

        private enum CodingKeys: String, CodingKey {
            case way
            case jobsPerSecond = "jobs_per_second"
            case timesBare = "times_bare"
            case idleP50Milliseconds = "idle_p50_ms"
            case idleP99Milliseconds = "idle_p99_ms"
            case processorMilliseconds = "cpu_ms"
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
        for way in ways {
            if let time = way.processorTime {
                lines += ["", "CPU a job, \(way.name): \(time.line)"]
            }
        }
        lines.append("")
        lines += costs.lines
        if let fairness { lines += [""] + fairness.lines }
        if let backlog { lines += [""] + backlog.lines }
        lines.append("")
        lines.append("Medians of \(bare.rounds.count) rounds that alternate between the ways.")
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
            rounds: bare.rounds.count,
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
        ways.map { way in
            Row(
                way: way.name,
                jobsPerSecond: median(way.rounds),
                timesBare: median(way.rounds) / median(bare.rounds),
                idleP50Milliseconds: way.latency.percentile(50),
                idleP99Milliseconds: way.latency.percentile(99),
                processorMilliseconds: way.processorTime?.milliseconds
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
