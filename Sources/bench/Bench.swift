import ArgumentParser
import Foundation
import Logging
import SandmillConfiguration

/// Measures Sandmill beside bare `python3`, in one run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandmill-bench",
        abstract: "Measures a running worker, its sandboxes alone, and bare python3 side by side.",
        discussion: """
            Called by ops/bench, which starts the servers and a worker of their own. The same job, \
            a program that prints a sum, goes every way. Rounds alternate between the ways, and \
            the median of each is told.
            """
    )

    @Option(help: "How many jobs of a round start a bare python3.")
    var bareJobs = 200

    @Option(help: "How many jobs of a round run in sandboxes alone.")
    var sandboxJobs = 1_000

    @Option(help: "How many jobs of a round go end to end.")
    var endToEndJobs = 2_000

    @Option(help: "How many jobs measure the idle latency.")
    var latencyJobs = 300

    @Option(help: "How many sandboxes are started at once.")
    var sandboxCount = 64

    @Option(help: "How many rounds.")
    var rounds = 3

    @Flag(
        inversion: .prefixedNo,
        help: "Measures shares between levels and tenants, and the cost of a backlog, too."
    )
    var flow = true

    @Flag(help: "Measures instead what the record store takes by what waits and for whom.")
    var growth = false

    @Option(help: "How many executions wait at most, with --growth.")
    var growthLimit = 1_000_000

    @Option(help: "The process of the worker, whose memory is then told.")
    var workerProcess: Int32?

    @Flag(help: "Prints JSON instead of a table.")
    var json = false

    func run() async throws {
        let configuration = try Configuration.load(
            file: nil,
            environment: ProcessInfo.processInfo.environment,
            assignments: [],
            hostname: "bench"
        )
        if growth {
            let growth = try await Growth(configuration, limit: growthLimit, note: note)
            return print(json ? try BenchReport.json(growth) : growth.table)
        }
        let logger = Logger(label: "bench") { StreamLogHandler.standardError(label: $0) }
        let job = try SandboxJob(configuration, logger: logger)
        let lanes = ProcessInfo.processInfo.activeProcessorCount
        let endToEnd = try EndToEnd(configuration, logger: logger)
        var report = try await job.withSandboxes(lanes) { sandboxes in
            try await measure(SandboxesAlone(job: job, sandboxes: sandboxes), endToEnd)
        }
        if flow {
            try await endToEnd.connected {
                note("levels and tenants")
                report.fairness = try await Fairness(of: endToEnd)
                note("a backlog")
                report.backlog = try await Backlog(
                    of: endToEnd,
                    jobs: endToEndJobs,
                    workerProcess: workerProcess
                )
            }
        }
        note("\(sandboxCount) sandboxes at once")
        let costs = try await SandboxCosts(of: job, count: sandboxCount)
        print(json ? try report.json(costs) : report.table(costs))
    }

    private func measure(
        _ sandboxes: SandboxesAlone,
        _ endToEnd: EndToEnd
    ) async throws -> BenchReport {
        var report = BenchReport()
        try await endToEnd.connected {
            _ = try await endToEnd.throughput(jobs: endToEndJobs / 4)
            for round in 1...rounds {
                note("round \(round) of \(rounds)")
                report.bare.append(try await BareInterpreter().throughput(jobs: bareJobs))
                report.sandboxes.append(try await sandboxes.throughput(jobs: sandboxJobs))
                report.endToEnd.append(try await endToEnd.throughput(jobs: endToEndJobs))
            }
            note("idle latency")
            report.latency = try await endToEnd.idleLatency(jobs: latencyJobs)
            report.sandboxLatency = try await sandboxes.latency(jobs: latencyJobs)
            report.bareLatency = try await BareInterpreter().latency(jobs: latencyJobs / 3)
        }
        return report
    }

    private func note(_ text: String) {
        FileHandle.standardError.write(Data("bench: \(text)\n".utf8))
    }
}

/// The job that goes every way.
enum Job {
    static let source = "print(sum(range(1000)))\n"
    static let output = "499500\n"
}

/// A measured run.
func jobsPerSecond(_ jobs: Int, _ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return Double(jobs) / ((ContinuousClock.now - start) / .seconds(1))
}
