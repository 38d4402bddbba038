import Foundation
import Logging
import SandmillConfiguration
import SandmillDocker
import SandmillEntity
import SandmillService

/// The job as it goes to a sandbox, and the sandboxes it goes to.
struct SandboxJob {
    private let engine: DockerSandboxEngine
    private let specification: SandboxSpecification
    private let program: Program

    init(_ configuration: Configuration, logger: Logger) throws {
        let settings = configuration.pools[0]
        engine = try DockerSandboxEngine(
            url: configuration.engine.url,
            tls: nil,
            cluster: configuration.cluster,
            worker: "bench",
            logger: logger
        )
        specification = settings.specification
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

    /// Gives `body` so many warm sandboxes, started all at once, and removes them.
    func withSandboxes<Result>(
        _ count: Int,
        _ body: ([any Sandbox]) async throws -> Result
    ) async throws -> Result {
        let sandboxes = try await withThrowingTaskGroup(of: (any Sandbox).self) { group in
            for _ in 0..<count {
                group.addTask { try await engine.start(specification) }
            }
            var sandboxes: [any Sandbox] = []
            for try await sandbox in group { sandboxes.append(sandbox) }
            return sandboxes
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(sandboxes))
        } catch {
            result = .failure(error)
        }
        await withTaskGroup(of: Void.self) { group in
            for sandbox in sandboxes { group.addTask { await sandbox.destroy() } }
        }
        return try result.get()
    }

    /// Runs the job once.
    func run(in sandbox: any Sandbox) async throws {
        let report = try await sandbox.run(program, killsOnExcessOutput: false) { _ in }
        guard report.exit.status == .code(0), report.isClean else {
            throw SandboxError(.sandboxLost, "a job of the benchmark failed")
        }
    }
}
