import Foundation
import Logging
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// The engine that `SANDMILL_ENGINE_URL` names, with the image of the sandboxes in it.
enum TestEngine {
    static let image = "sandmill/sandbox-python:latest"

    /// The image with every runtime, and numpy.
    static let imageOfAll = "sandmill/sandbox-python-node-c-cpp-python3-numpy:latest"

    static func url() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["SANDMILL_ENGINE_URL"],
            "SANDMILL_ENGINE_URL names no engine: see ops/services"
        )
    }

    /// The Podman that `SANDMILL_PODMAN_URL` names, with the same image in it.
    static func podmanURL() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["SANDMILL_PODMAN_URL"],
            "SANDMILL_PODMAN_URL names no Podman: see ops/services"
        )
    }

    /// An engine whose containers carry the label of `worker`.
    static func engine(
        at url: String? = nil,
        worker: String = UUID().uuidString
    ) throws -> DockerSandboxEngine {
        try DockerSandboxEngine(
            url: url ?? self.url(),
            tls: nil,
            cluster: "tests",
            worker: worker,
            logger: Logger(label: "tests")
        )
    }

    static func specification(
        image: String = image,
        runtimes: [Runtime] = [.python],
        memory: ByteCount = .mebibytes(64)
    ) -> SandboxSpecification {
        SandboxSpecification(
            pool: "tests",
            runtimes: runtimes,
            image: image,
            containerRuntime: ProcessInfo.processInfo.environment["SANDMILL_TEST_RUNTIME"],
            memory: memory,
            scratch: .mebibytes(16),
            scratchFiles: 1_000,
            processes: 32,
            cpus: nil,
            preload: ["json"]
        )
    }

    /// Runs the engine's own command-line client and returns what it prints.
    @discardableResult
    static func docker(_ arguments: String...) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["docker", "--host", try url()] + arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: printed, as: UTF8.self)
        try #require(process.terminationStatus == 0, "docker \(arguments): \(text)")
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Whether the engine knows a container.
    static func exists(_ container: String) throws -> Bool {
        try !docker("ps", "--all", "--quiet", "--filter", "id=\(container)").isEmpty
    }

    /// Gives `body` a sandbox and removes it.
    static func withSandbox(
        _ specification: SandboxSpecification = specification(),
        _ body: (any Sandbox) async throws -> Void
    ) async throws {
        let sandbox = try await engine().start(specification)
        do {
            try await body(sandbox)
            await sandbox.destroy()
        } catch {
            await sandbox.destroy()
            throw error
        }
    }
}
