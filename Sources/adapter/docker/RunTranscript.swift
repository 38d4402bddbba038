internal import SandboxProtocol
internal import SandmillEntity
internal import SandmillService

/// What a sandbox may say about one run, in which order and how much; anything else is a lie.
struct RunTranscript {
    private enum Phase {
        case building
        case running
        case exited
        case failed(String)
    }

    private let limits: Limits
    private let asked: [String]
    private var phase: Phase
    private var exit: ProgramExit?
    private var build: ProgramExit?
    private var buildOutput: [UInt8] = []
    private var missing: Set<Int> = []
    private var isBuilt = true
    private var streamed = (stdout: ByteCount.zero, stderr: ByteCount.zero)
    private var fileContent = ByteCount.zero
    private var fileCount = 0
    private var skippedCount = 0
    private var pathBytes = 0
    private var missingContent: UInt64 = 0

    init(_ program: Program, build: BuildUse = .once) {
        limits = program.limits
        asked = program.outputs
        phase = program.runtime.build == nil || build == .reuse ? .running : .building
    }

    /// What a report means.
    enum Step {
        /// A piece of output.
        case output(SandboxOutput)
        /// The program is built; it waits for ``Command/proceed``.
        case built
        /// Nothing that the caller has to do.
        case noted
        /// The run is over.
        case over(SandboxReport)
    }

    /// Takes the next report.
    mutating func take(_ report: Report) throws(SandboxError) -> Step {
        guard missingContent == 0 || report.isContent else { throw Self.lie("a file is cut short") }
        // Of pieces without bytes there would be no end.
        guard !report.isEmptyPiece else { throw Self.lie("an empty piece") }
        switch (phase, report) {
        case (.running, .output(let stream, let bytes)), (.exited, .tail(let stream, let bytes)),
            (.building, .output(let stream, let bytes)):
            return .output(try take(stream, bytes))
        case (.building, .built(let exit, let output)):
            // The program's output is its own: nothing that the compiler said may be in it.
            guard streamed == (.zero, .zero) else { throw Self.lie("output of a compiler") }
            build = ProgramExit(exit)
            buildOutput = output
            phase = .running
            return .built
        case (.building, .notBuilt(let exit)):
            build = ProgramExit(exit)
            self.exit = build
            isBuilt = false
            phase = .exited
            return .noted
        case (.running, .exited(let exit)):
            self.exit = ProgramExit(exit)
            phase = .exited
            return .noted
        case (.running, .failed(let what)), (.building, .failed(let what)):
            phase = .failed(what)
            return .noted
        case (.exited, .file(let path, let size)) where isBuilt:
            return .output(try takeFile(path, size))
        case (.exited, .content(let bytes)):
            guard UInt64(bytes.count) <= missingContent else { throw Self.lie("too much content") }
            missingContent -= UInt64(bytes.count)
            return .output(.content(bytes))
        case (.exited, .skipped(let path, let reason)):
            let path = try take(path)
            skippedCount += 1
            guard skippedCount <= FrameLimits.skipped else { throw Self.lie("too many skipped") }
            return .output(.skipped(path, SkippedFile.Reason(reason)))
        case (.exited, .missing(let pattern)) where isBuilt:
            guard asked.indices.contains(Int(pattern)), missing.insert(Int(pattern)).inserted else {
                throw Self.lie("a pattern that was not asked for is missing")
            }
            return .noted
        case (.exited, .finished(let finish)):
            guard let exit else { throw Self.lie("an end without an exit") }
            return .over(
                SandboxReport(
                    exit: exit,
                    build: build,
                    buildOutput: buildOutput,
                    isBuilt: isBuilt,
                    missing: missing.sorted().map { asked[$0] },
                    isClean: finish == .clean
                )
            )
        case (.running, .finished(.unclean(let what))), (.building, .finished(.unclean(let what))):
            throw SandboxError(.sandboxLost, "the sandbox could not end the program: \(what)")
        case (.failed(let what), .finished):
            throw SandboxError(.sandboxLost, "the sandbox could not start the program: \(what)")
        default:
            throw Self.lie("a report out of order")
        }
    }

    private mutating func take(
        _ stream: Report.Stream,
        _ bytes: [UInt8]
    ) throws(SandboxError) -> SandboxOutput {
        let count = ByteCount(bytes.count)
        switch stream {
        case .stdout:
            streamed.stdout = streamed.stdout + count
            guard streamed.stdout <= limits.stdout else { throw Self.lie("too much output") }
            return .stream(.stdout, bytes)
        case .stderr:
            streamed.stderr = streamed.stderr + count
            guard streamed.stderr <= limits.stderr else { throw Self.lie("too much output") }
            return .stream(.stderr, bytes)
        }
    }

    private mutating func takeFile(
        _ path: [UInt8],
        _ size: UInt64
    ) throws(SandboxError) -> SandboxOutput {
        let path = try take(path)
        guard let size = Int64(exactly: size), size <= limits.output.bytes else {
            throw Self.lie("a file above the limit")
        }
        fileCount += 1
        fileContent = fileContent + ByteCount(size)
        guard fileCount <= limits.outputFiles, fileContent <= limits.output else {
            throw Self.lie("more files than the limit")
        }
        missingContent = UInt64(size)
        return .file(path, size: ByteCount(size))
    }

    private mutating func take(_ path: [UInt8]) throws(SandboxError) -> OutputPath {
        pathBytes += path.count
        guard pathBytes <= FrameLimits.paths else { throw Self.lie("too many paths") }
        guard let path = OutputPath(path) else { throw Self.lie("an impossible path") }
        return path
    }

    private static func lie(_ what: String) -> SandboxError {
        SandboxError(.sandboxLost, "the sandbox broke the protocol: \(what)")
    }
}

extension Report {
    fileprivate var isContent: Bool {
        if case .content = self { return true }
        return false
    }

    fileprivate var isEmptyPiece: Bool {
        switch self {
        case .output(_, let bytes), .tail(_, let bytes), .content(let bytes): bytes.isEmpty
        default: false
        }
    }
}

extension ProgramExit {
    fileprivate init(_ exit: Report.Exit) {
        self.init(
            status: Status(exit.status),
            killCause: KillCause(exit.kill),
            wall: .nanoseconds(Int64(clamping: exit.wallNanoseconds)),
            cpu: .nanoseconds(Int64(clamping: exit.cpuNanoseconds)),
            memoryPeak: ByteCount(Int64(clamping: exit.memoryPeakBytes)),
            oomKills: Int(exit.oomKills),
            stdout: ByteCount(Int64(clamping: exit.stdoutBytes)),
            stderr: ByteCount(Int64(clamping: exit.stderrBytes))
        )
    }
}

extension ProgramExit.Status {
    fileprivate init(_ status: Report.Exit.Status) {
        switch status {
        case .code(let code): self = .code(Int(code))
        case .signal(let signal): self = .signal(Int(signal))
        }
    }
}

extension ProgramExit.KillCause {
    fileprivate init?(_ kill: Report.Exit.Kill) {
        switch kill {
        case .none: return nil
        case .wallTime: self = .wallTime
        case .cpuTime: self = .cpuTime
        case .stdout: self = .stdout
        case .stderr: self = .stderr
        case .cancelled: self = .cancelled
        case .memory: self = .memory
        }
    }
}

extension SkippedFile.Reason {
    fileprivate init(_ reason: Report.SkipReason) {
        self =
            switch reason {
            case .symlink: .symlink
            case .notRegular: .notRegular
            case .tooLarge: .tooLarge
            case .tooMany: .tooMany
            case .tooDeep: .tooDeep
            case .pathTooLong: .pathTooLong
            case .unreadable: .unreadable
            }
    }
}
