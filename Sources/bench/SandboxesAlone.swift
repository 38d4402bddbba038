import Foundation
import Logging
import SandmillConfiguration
import SandmillDocker
import SandmillEntity
import SandmillService

/// The sandboxes without broker, records and results: as many at a time as there are CPUs.
struct SandboxesAlone {
    private let sandboxes: [any Sandbox]
    private let program: Program

    init(_ configuration: Configuration, logger: Logger) async throws {
        let settings = configuration.pools[0]
        let engine = try DockerSandboxEngine(
            url: configuration.engine.url,
            tls: nil,
            cluster: configuration.cluster,
            worker: "bench",
            logger: logger
        )
        let specification = SandboxSpecification(
            pool: settings.name,
            runtimes: settings.runtimes,
            image: settings.image,
            containerRuntime: settings.containerRuntime,
            memory: settings.limits.defaults.memory,
            scratch: settings.scratch,
            scratchFiles: settings.scratchFiles,
            processes: settings.limits.maxima.processes,
            cpus: settings.cpus,
            preload: settings.preload
        )
        var sandboxes: [any Sandbox] = []
        for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
            sandboxes.append(try await engine.start(specification))
        }
        self.sandboxes = sandboxes
        program = Program(
            runtime: settings.runtimes[0],
            files: [Program.InputFile(path: "main.py", content: Array(Job.source.utf8))],
            entrypoint: "main.py",
            arguments: [],
            environment: [:],
            stdin: [],
            outputs: [],
            limits: settings.limits.defaults
        )
    }

    func throughput(jobs: Int) async throws -> Double {
        let share = jobs / sandboxes.count
        return try await jobsPerSecond(share * sandboxes.count) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sandbox in sandboxes {
                    group.addTask {
                        for _ in 0..<share { try await run(in: sandbox) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    func latency(jobs: Int) async throws -> Latency {
        var latency = Latency()
        for _ in 0..<jobs { try await latency.measure { try await run(in: sandboxes[0]) } }
        return latency
    }

    func destroy() async {
        for sandbox in sandboxes { await sandbox.destroy() }
    }

    private func run(in sandbox: any Sandbox) async throws {
        let report = try await sandbox.run(program, killsOnExcessOutput: false) { _ in }
        guard report.exit.status == .code(0), report.isClean else {
            throw SandboxError(.sandboxLost, "a job of the benchmark failed")
        }
    }
}
