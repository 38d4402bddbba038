internal import SandboxProtocol
internal import SandmillEntity
internal import SandmillService

/// A run as it goes to the agent, piece by piece: its description, then the bytes of its files and its input.
///
/// What is small goes in one piece, so that it costs one write. No piece is made before it is asked for: all
/// together they are as large as the request.
struct RunInput: Sequence {
    private static let pieceSize = 256 << 10

    private let run: Run
    private let contents: [[UInt8]]

    init(
        _ program: Program,
        token: UInt64,
        build: BuildUse = .once,
        killsOnExcessOutput: Bool
    ) {
        run = Run(
            program,
            token: token,
            build: build,
            killsOnExcessOutput: killsOnExcessOutput
        )
        contents = program.files.map(\.content) + [program.stdin]
    }

    func makeIterator() -> Iterator {
        Iterator(head: Command.run(run).encode(), rest: contents[...])
    }

    /// Makes the pieces, in order.
    struct Iterator: IteratorProtocol {
        private var head: [UInt8]
        private var rest: ArraySlice<[UInt8]>
        private var offset = 0

        fileprivate init(head: [UInt8], rest: ArraySlice<[UInt8]>) {
            (self.head, self.rest) = (head, rest)
        }

        mutating func next() -> [UInt8]? {
            var piece = head
            head = []
            while piece.count < RunInput.pieceSize, let content = rest.first {
                if offset == content.count {
                    rest.removeFirst()
                    offset = 0
                    continue
                }
                let end = Swift.min(offset + FrameLimits.chunk, content.count)
                piece = Command.input(Array(content[offset..<end])).encode(appendingTo: piece)
                offset = end
            }
            return piece.isEmpty ? nil : piece
        }
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
            environment: [Variable](
                program.runtime.environment.merging(program.environment) { $1 }
            ),
            files: program.files.map {
                InputFile(path: $0.path, size: UInt64($0.content.count))
            },
            stdinSize: UInt64(program.stdin.count),
            outputs: program.outputs.map { OutputPattern($0)?.alternatives ?? [] },
            limits: Limits(program.limits),
            killsOnExcessOutput: killsOnExcessOutput
        )
    }
}

extension Run.Start {
    fileprivate init(_ program: Program, _ build: BuildUse) {
        let runtime = program.runtime
        let run = program.runCommand(product: Run.Build.passedProduct)
        guard let compiler = runtime.build else {
            self = runtime.isWarm ? .warm : .command(run)
            return
        }
        guard build != .reuse else {
            self = .kept(run: run)
            return
        }
        self = .built(
            Run.Build(
                command: program.buildCommand(product: Run.Build.product) ?? [],
                environment: [Run.Variable](compiler.environment),
                wallNanoseconds: compiler.wall.nanoseconds,
                cpuNanoseconds: compiler.cpu.nanoseconds,
                // A driver, the compiler, and the linker with its own driver, in twice the number.
                processes: UInt32(clamping: max(8, runtime.minimumProcesses)),
                isKept: build == .keep
            ),
            run: run
        )
    }
}

extension [Run.Variable] {
    fileprivate init(_ variables: [String: String]) {
        self = variables.sorted { $0.key < $1.key }
            .map { Run.Variable(name: $0.key, value: $0.value) }
    }
}

extension Run.Limits {
    fileprivate init(_ limits: SandmillEntity.Limits) {
        self.init(
            wallNanoseconds: limits.wall.nanoseconds,
            cpuNanoseconds: limits.cpu.nanoseconds,
            processes: UInt32(clamping: limits.processes),
            stackBytes: UInt64((limits.stack ?? limits.memory).bytes),
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
