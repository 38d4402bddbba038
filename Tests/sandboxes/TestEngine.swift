internal import Foundation
internal import Logging
public import SandmillDocker
public import SandmillEntity
public import SandmillService

/// The engine that `SANDMILL_ENGINE_URL` names, with the image of the sandboxes in it.
public enum TestEngine {
    /// The image that `sandbox-image/build` makes when it is asked for nothing in particular, or the one
    /// that `SANDMILL_TEST_IMAGE` names.
    public static let image =
        ProcessInfo.processInfo.environment["SANDMILL_TEST_IMAGE"]
        ?? "sandmill/sandbox-python:latest"

    /// The image with every runtime, and numpy, or the one that `SANDMILL_TEST_IMAGE_OF_ALL` names.
    public static let imageOfAll =
        ProcessInfo.processInfo.environment["SANDMILL_TEST_IMAGE_OF_ALL"]
        ?? "sandmill/sandbox-python-node-c-cpp-python3-numpy:latest"

    /// The image with the languages of ``languages``, or the one that `SANDMILL_TEST_IMAGE_OF_LANGUAGES` names.
    public static let imageOfLanguages =
        ProcessInfo.processInfo.environment["SANDMILL_TEST_IMAGE_OF_LANGUAGES"]
        ?? "sandmill/sandbox-languages:latest"

    /// The languages that are tried: those of `SANDMILL_TEST_LANGUAGES`, with commas between them.
    public static let languages: [Runtime] = {
        let names =
            ProcessInfo.processInfo.environment["SANDMILL_TEST_LANGUAGES"]
            ?? "python,sh,node,c,cpp,bash,java,go,rust,perl"
        return Runtime.given.filter { names.split(separator: ",").contains($0.name[...]) }
    }()

    /// Why the engine cannot be used; a suite without it fails and does not skip.
    public struct Failure: Error, CustomStringConvertible {
        /// One line for whoever runs the tests.
        public let description: String
    }

    /// Where the engine is.
    public static func url() throws -> String {
        try url("SANDMILL_ENGINE_URL")
    }

    /// Where the Podman is that has the same image.
    public static func podmanURL() throws -> String {
        try url("SANDMILL_PODMAN_URL")
    }

    private static func url(_ variable: String) throws -> String {
        guard let url = ProcessInfo.processInfo.environment[variable] else {
            throw Failure(description: "\(variable) is not set: see ops/services")
        }
        return url
    }

    /// An engine, by default the usual one, whose containers carry the label of `worker`, by default
    /// one of its own.
    public static func engine(
        at url: String? = nil,
        worker: String? = nil
    ) throws -> DockerSandboxEngine {
        try DockerSandboxEngine(
            url: url ?? self.url(),
            tls: nil,
            cluster: "tests",
            worker: worker ?? UUID().uuidString,
            logger: Logger(label: "tests")
        )
    }

    /// What sandboxes are made of, small enough for every test to have one.
    public static func specification(
        image: String = image,
        runtimes: [Runtime] = [.python],
        memory: ByteCount = .mebibytes(64),
        scratch: ByteCount = .mebibytes(16),
        scratchFiles: Int = 1_000,
        processes: Int = 32,
        preload: [String] = ["json"]
    ) -> SandboxSpecification {
        SandboxSpecification(
            pool: "tests",
            runtimes: runtimes,
            image: image,
            containerRuntime: ProcessInfo.processInfo.environment["SANDMILL_TEST_RUNTIME"],
            memory: memory,
            scratch: scratch,
            scratchFiles: scratchFiles,
            processes: processes,
            cpus: nil,
            preload: preload
        )
    }

    /// Runs the engine's own command-line client and returns what it prints.
    @discardableResult
    public static func docker(_ arguments: String...) throws -> String {
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
        guard process.terminationStatus == 0 else {
            throw Failure(description: "docker \(arguments): \(text)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Whether the engine knows a container.
    public static func exists(_ container: String) throws -> Bool {
        try !docker("ps", "--all", "--quiet", "--filter", "id=\(container)").isEmpty
    }

    /// Gives `body` a sandbox and removes it.
    @discardableResult
    public static func withSandbox<Result>(
        _ specification: SandboxSpecification = specification(),
        _ body: (any Sandbox) async throws -> Result
    ) async throws -> Result {
        let sandbox = try await engine().start(specification)
        do {
            let result = try await body(sandbox)
            await sandbox.destroy()
            return result
        } catch {
            await sandbox.destroy()
            throw error
        }
    }
}
