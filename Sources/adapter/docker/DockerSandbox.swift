internal import Curl
internal import FoundationEssentials
internal import Logging
internal import SandboxProtocol
internal import SandmillEntity
internal import SandmillService
internal import Synchronization

/// A container with our agent in it, spoken to over its attached stream.
actor DockerSandbox: Sandbox {
    /// How much longer than its wall limit a program's end may be in coming.
    private static let grace: Duration = .seconds(10)
    /// How long an answer to a probe, or the agent's first report, may take.
    private static let patience: Duration = .seconds(20)

    nonisolated let id: String
    nonisolated let image: String
    private nonisolated let stream: UpgradedStream
    private let engine: DockerEngine
    private let reader: ReportReader
    private let logger: Logger
    /// What its programs are held to now; nil when that is not known.
    private var memory: ByteCount?
    private var lastToken: UInt64 = 0
    /// The run that its agent was told of and that is not over, and whose it is.
    private var running: (token: UInt64, execution: UUID)?

    init(
        id: String,
        image: String,
        memory: ByteCount,
        engine: DockerEngine,
        stream: UpgradedStream,
        logger: Logger
    ) {
        self.id = id
        self.image = image
        self.memory = memory
        self.engine = engine
        self.stream = stream
        var logger = logger
        logger[metadataKey: LogKey.sandbox] = "\(id.prefix(12))"
        self.logger = logger
        reader = ReportReader(stream, logger: logger)
    }

    nonisolated var isLost: Bool { stream.isEnded }

    /// Waits until the agent says that its runtimes are warm.
    func waitUntilReady() async throws(SandboxError) {
        let report: Report
        do throws(SandboxError) {
            report = try await answer()
        } catch {
            // No program has run here yet, so what the agent has said is its own.
            let why = reader.lastDiagnostics
            if why.isEmpty { throw error }
            throw SandboxError(.engineRefused, "the sandbox cannot start: \(why.debugDescription)")
        }
        guard report == .ready(version: FrameLimits.protocolVersion) else {
            throw SandboxError(
                .engineRefused,
                "the image's agent is of another version; build the image again"
            )
        }
    }

    func setMemoryLimit(_ memory: ByteCount) async throws(SandboxError) {
        guard memory != self.memory else { return }
        self.memory = nil
        try await engine.update(id, MemorySettings(program: memory))
        self.memory = memory
    }

    func run(
        _ program: Program,
        of execution: UUID,
        build: BuildUse,
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport {
        lastToken += 1
        defer { running = nil }
        let input = RunInput(
            program,
            token: lastToken,
            build: build,
            killsOnExcessOutput: killsOnExcessOutput
        )
        let compiler = build == .reuse ? nil : program.runtime.build
        let longest = program.limits.wall + (compiler?.wall ?? .zero)
        let watchdog = StreamWatchdog(stream, patience: longest + Self.grace)
        return try await watchdog.guarding {
            // A compiler has a limit of its own, so that no program's decides whether it is built.
            try await self.setMemoryLimit(compiler?.memory ?? program.limits.memory)
            for chunk in input { try await self.write(chunk) }
            await self.beginRunning(of: execution)
            var transcript = RunTranscript(program, build: build)
            while true {
                let report = try await self.nextReport()
                if case .finished(.unclean(let what)) = report { self.logUnclean(what) }
                switch try transcript.take(report) {
                case .output(let output):
                    try await watchdog.holding(of: output.size) { try await receive(output) }
                case .built:
                    try await self.setMemoryLimit(program.limits.memory)
                    try await self.write(Command.proceed.encode())
                case .noted:
                    continue
                case .over(let report):
                    return report
                }
            }
        }
    }

    func forgetProgram() async throws(SandboxError) {
        try await write(Command.forget.encode())
        switch try await answer() {
        case .finished(.clean):
            return
        case .finished(.unclean(let what)):
            logUnclean(what)
            throw SandboxError(.sandboxLost, "a program that was kept is left")
        default:
            throw SandboxError(.sandboxLost, "the sandbox gave another answer to a drop")
        }
    }

    private func beginRunning(of execution: UUID) {
        running = (lastToken, execution)
    }

    func cancel(_ execution: UUID) async {
        guard let running, running.execution == execution else { return }
        // A stream that broke is noticed by whoever reads from it.
        try? await write(Command.cancel(token: running.token).encode())
    }

    func probe() async throws(SandboxError) {
        lastToken += 1
        try await write(Command.probe(nonce: lastToken).encode())
        guard try await answer() == .healthy(nonce: lastToken) else {
            throw SandboxError(.sandboxLost, "the sandbox gave another answer to a probe")
        }
    }

    func destroy() async {
        stream.close()
        await engine.discard(id)
    }

    private nonisolated func logUnclean(_ what: String) {
        logger.warning(
            "A sandbox could not be proved clean and is destroyed.",
            metadata: [LogKey.reason: "\(what.prefix(1_000).debugDescription)"]
        )
    }

    private func answer() async throws(SandboxError) -> Report {
        let watchdog = StreamWatchdog(stream, patience: Self.patience)
        do {
            return try await watchdog.guarding { try await self.nextReport() }
        } catch let error as SandboxError {
            throw error
        } catch {
            throw SandboxError(.sandboxLost, "the sandbox was given up")
        }
    }

    private func nextReport() async throws(SandboxError) -> Report {
        try await reader.next()
    }

    private func write(_ bytes: [UInt8]) async throws(SandboxError) {
        do throws(CurlError) {
            try await stream.write(bytes)
        } catch {
            throw SandboxError(.sandboxLost, "the sandbox's stream broke: \(error.summary)")
        }
    }
}

extension SandboxOutput {
    /// About how many bytes it took to send it.
    fileprivate var size: Int {
        switch self {
        case .stream(_, let bytes), .content(let bytes): bytes.count
        case .file(let path, _), .skipped(let path, _): path.bytes.count
        }
    }
}

/// Closes a stream on which too little came for too long, so that whoever reads from it stops.
private final class StreamWatchdog: Sendable {
    private struct State {
        var deadline: ContinuousClock.Instant
        var isHeld = false
    }

    /// What a connection to an engine carries at least, in bytes a second.
    private static let slowestRate = 1 << 20

    private let stream: UpgradedStream
    private let state: Mutex<State>

    init(_ stream: UpgradedStream, patience: Duration) {
        self.stream = stream
        state = Mutex(State(deadline: .now + patience))
    }

    /// Lets no time count while `body` runs, which reads nothing, and grants what is read time by its
    /// size: who sends little at a time gains nothing.
    func holding(of size: Int, _ body: () async throws -> Void) async rethrows {
        state.withLock { $0.isHeld = true }
        let start = ContinuousClock.now
        try await body()
        let held = ContinuousClock.now - start
        state.withLock { state in
            state.isHeld = false
            state.deadline += held + .seconds(1) * size / Self.slowestRate
        }
    }

    func guarding<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.watch() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    private func watch() async throws {
        while true {
            let (deadline, isHeld) = state.withLock { ($0.deadline, $0.isHeld) }
            if !isHeld, ContinuousClock.now >= deadline { return stream.close() }
            try await ContinuousClock().sleep(until: max(deadline, .now + .milliseconds(100)))
        }
    }
}
