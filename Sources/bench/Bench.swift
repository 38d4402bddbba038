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
            Called by ops/bench, which starts the servers, a worker and a gateway of their own. The same job, \
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

    @Option(help: "How many jobs of a round come by HTTP.")
    var httpJobs = 2_000

    @Option(help: "How many jobs of a round go through the pipeline alone.")
    var pipelineJobs = 4_000

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
        let door = try HTTPDoor(configuration.gateway)
        let pipeline = try PipelineAlone(configuration, logger: logger)
        var report = BenchReport()
        try await job.withSandboxes(lanes) { sandboxes in
            let alone = SandboxesAlone(job: job, sandboxes: sandboxes)
            try await endToEnd.connected {
                try await measure(alone, endToEnd, door, &report)
            }
        }
        note("the pipeline alone")
        try await pipeline.running { try await measure(pipeline.endToEnd, &report) }
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
        _ endToEnd: EndToEnd,
        _ door: HTTPDoor,
        _ report: inout BenchReport
    ) async throws {
        let bare = try BareInterpreter()
        _ = try await endToEnd.throughput(jobs: endToEndJobs / 4)
        for round in 1...rounds {
            note("round \(round) of \(rounds)")
            report.bare.rounds.append(try await bare.throughput(jobs: bareJobs))
            report.sandboxes.rounds.append(try await sandboxes.throughput(jobs: sandboxJobs))
            report.endToEnd.rounds.append(try await endToEnd.throughput(jobs: endToEndJobs))
            report.http.rounds.append(try await door.throughput(jobs: httpJobs, connections: 64))
        }
        note("CPU a job")
        report.endToEnd.processorTime = try await ProcessorTime(jobs: endToEndJobs) {
            _ = try await endToEnd.throughput(jobs: endToEndJobs)
        }
        report.http.processorTime = try await ProcessorTime(jobs: httpJobs) {
            _ = try await door.throughput(jobs: httpJobs, connections: 64)
        }
        note("idle latency")
        report.endToEnd.latency = try await endToEnd.idleLatency(jobs: latencyJobs)
        report.http.latency = try await door.latency(jobs: latencyJobs)
        report.sandboxes.latency = try await sandboxes.latency(jobs: latencyJobs)
        report.bare.latency = try await bare.latency(jobs: latencyJobs / 3)
    }

    /// Measures what a job costs beside its program.
    private func measure(_ pipeline: EndToEnd, _ report: inout BenchReport) async throws {
        _ = try await pipeline.throughput(jobs: pipelineJobs / 4)
        for _ in 1...rounds {
            report.pipeline.rounds.append(try await pipeline.throughput(jobs: pipelineJobs))
        }
        report.pipeline.processorTime = try await ProcessorTime(jobs: pipelineJobs) {
            _ = try await pipeline.throughput(jobs: pipelineJobs)
        }
        report.pipeline.latency = try await pipeline.idleLatency(jobs: latencyJobs)
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
