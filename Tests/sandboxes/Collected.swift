public import SandmillEntity
public import SandmillService
internal import Synchronization

/// All that a run gave.
public struct Collected: Sendable {
    /// What it wrote to standard output, as far as it is kept.
    public var stdout: [UInt8] = []
    /// What it wrote to standard error, as far as it is kept.
    public var stderr: [UInt8] = []
    /// The files it left, in the order in which they came.
    public var files: [(path: String, content: [UInt8])] = []
    /// The files that were not kept, by their path.
    public var skipped: [String: SkippedFile.Reason] = [:]
    /// How it ended; nil while it has not.
    public var report: SandboxReport?

    /// ``stdout`` as text.
    public var text: String { String(decoding: stdout, as: UTF8.self) }
    /// ``stderr`` as text.
    public var errors: String { String(decoding: stderr, as: UTF8.self) }

    fileprivate mutating func take(_ output: SandboxOutput) {
        switch output {
        case .stream(.stdout, let bytes): stdout += bytes
        case .stream(.stderr, let bytes): stderr += bytes
        case .file(let path, _): files.append((path.text, []))
        case .content(let bytes): files[files.count - 1].content += bytes
        case .skipped(let path, let reason): skipped[path.text] = reason
        }
    }
}

extension Sandbox {
    /// Runs Python source, with what it is given.
    public func python(
        _ source: String,
        files: [Program.InputFile] = [],
        stdin: [UInt8] = [],
        limits: Limits = .generous
    ) async throws -> Collected {
        try await run(source, by: .python, files: files, stdin: stdin, limits: limits)
    }

    /// Runs source in any language, with what it is given.
    public func run(
        _ source: String,
        by runtime: Runtime,
        entrypoint: String? = nil,
        files: [Program.InputFile] = [],
        arguments: [String] = [],
        environment: [String: String] = [:],
        stdin: [UInt8] = [],
        outputs: [String] = [],
        limits: Limits = .generous
    ) async throws -> Collected {
        let entrypoint = entrypoint ?? runtime.entrypoint
        let program = Program(
            runtime: runtime,
            files: files + [Program.InputFile(path: entrypoint, content: Array(source.utf8))],
            entrypoint: entrypoint,
            arguments: arguments,
            environment: environment,
            stdin: stdin,
            outputs: outputs,
            limits: limits
        )
        let collected = Mutex(Collected())
        let report = try await run(program, killsOnExcessOutput: false) { output in
            collected.withLock { $0.take(output) }
        }
        var result = collected.withLock { $0 }
        result.report = report
        return result
    }
}

extension Limits {
    /// More than any of the tests needs.
    public static let generous = Limits(
        wall: .seconds(20),
        cpu: .seconds(20),
        memory: .mebibytes(64),
        processes: 32,
        stdout: .mebibytes(1),
        stderr: .mebibytes(1),
        output: .mebibytes(8),
        outputFiles: 100
    )
}
