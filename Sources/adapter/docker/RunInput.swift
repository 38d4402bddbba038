internal import SandboxProtocol
internal import SandmillEntity
internal import SandmillService

/// A run as it goes to the agent: its description, then the bytes of its files and its input.
///
/// What is small goes in one piece, so that it costs one write.
struct RunInput {
    /// The pieces, in order.
    private(set) var chunks: [[UInt8]] = []

    private static let pieceSize = 256 << 10

    init(
        _ program: Program,
        token: UInt64,
        build: BuildUse = .once,
        killsOnExcessOutput: Bool
    ) {
        let run = Run(
            program,
            token: token,
            build: build,
            killsOnExcessOutput: killsOnExcessOutput
        )
        var piece = Command.run(run).encode()
        for content in program.files.map(\.content) + [program.stdin] {
            for start in stride(from: 0, to: content.count, by: FrameLimits.chunk) {
                let end = min(start + FrameLimits.chunk, content.count)
                piece = Command.input(Array(content[start..<end])).encode(appendingTo: piece)
                if piece.count >= Self.pieceSize {
                    chunks.append(piece)
                    piece = []
                }
            }
        }
        if !piece.isEmpty { chunks.append(piece) }
    }
}

extension Run {
    fileprivate init(
        _ program: Program,
        token: UInt64,
        build: BuildUse,
        killsOnExcessOutput: Bool
    ) {
        self.init(
            token: token,
            start: Start(program, build),
            entrypoint: program.entrypoint,
            arguments: program.arguments,
            environment: program.environment.sorted { $0.key < $1.key }
                .map { Variable(name: $0.key, value: $0.value) },
            files: program.files.map {
                InputFile(path: $0.path, size: UInt64($0.content.count))
            },
            stdinSize: UInt64(program.stdin.count),
            outputs: program.outputs,
            limits: Limits(program.limits),
            killsOnExcessOutput: killsOnExcessOutput
        )
    }
}

extension Run.Start {
    fileprivate init(_ program: Program, _ build: BuildUse) {
        switch program.runtime.start {
        case .warm:
            self = .warm
        case .interpreter(let interpreter):
            self = .command(
                interpreter.command(
                    entrypoint: program.entrypoint,
                    memory: program.limits.memory
                )
            )
        case .compiler where build == .reuse:
            self = .kept
        case .compiler(let compiler):
            self = .built(
                Run.Build(
                    command: compiler.command(
                        source: program.entrypoint,
                        product: Run.Build.product
                    ),
                    wallNanoseconds: compiler.wall.nanoseconds,
                    cpuNanoseconds: compiler.cpu.nanoseconds,
                    isKept: build == .keep
                )
            )
        }
    }
}

extension Run.Limits {
    fileprivate init(_ limits: SandmillEntity.Limits) {
        self.init(
            wallNanoseconds: limits.wall.nanoseconds,
            cpuNanoseconds: limits.cpu.nanoseconds,
            processes: UInt32(clamping: limits.processes),
            stdoutBytes: UInt64(limits.stdout.bytes),
            stderrBytes: UInt64(limits.stderr.bytes),
            outputBytes: UInt64(limits.output.bytes),
            outputFiles: UInt32(clamping: limits.outputFiles)
        )
    }
}

extension Duration {
    fileprivate var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
