public import FoundationEssentials
public import SandmillEntity

/// What a pool's sandboxes are made of.
public struct SandboxSpecification: Equatable, Sendable {
    /// The pool.
    public var pool: String
    /// The runtimes inside.
    public var runtimes: [Runtime]
    /// The image's name or digest.
    public var image: String
    /// The container runtime, such as `runc` or `runsc`; nil for the engine's default.
    public var containerRuntime: String?
    /// The memory limit a sandbox starts with, for the program alone.
    public var memory: ByteCount
    /// The capacity of each writable file system.
    public var scratch: ByteCount
    /// How many files and directories each writable file system holds.
    public var scratchFiles: Int
    /// The most processes of a program, so the container's pids limit less its own.
    public var processes: Int
    /// How many CPUs it may use at once; nil for all.
    public var cpus: Double?
    /// The modules that the warm interpreter has imported.
    public var preload: [String]

    /// Describes a pool's sandboxes.
    public init(
        pool: String,
        runtimes: [Runtime],
        image: String,
        containerRuntime: String?,
        memory: ByteCount,
        scratch: ByteCount,
        scratchFiles: Int,
        processes: Int,
        cpus: Double?,
        preload: [String]
    ) {
        self.pool = pool
        self.runtimes = runtimes
        self.image = image
        self.containerRuntime = containerRuntime
        self.memory = memory
        self.scratch = scratch
        self.scratchFiles = scratchFiles
        self.processes = processes
        self.cpus = cpus
        self.preload = preload
    }
}

/// Makes sandboxes: containers with our agent in them.
public protocol SandboxEngine: Sendable {
    /// Makes a sandbox and returns when its runtime is warm.
    func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any Sandbox

    /// Removes the sandboxes that a worker which is no more has left on this engine.
    func removeOrphans(of worker: String) async throws(SandboxError)

    /// Checks that the engine answers.
    func checkAvailable() async throws(SandboxError)
}

/// A locked-down container that runs one program at a time.
///
/// Everything that comes out of it is hostile: a call that throws ``SandboxError`` leaves it
/// good for nothing but ``destroy()``.
public protocol Sandbox: Sendable {
    /// The engine's id of the container.
    var id: String { get }

    /// The id of the image it was made from.
    var image: String { get }

    /// Whether it is known to be dead; a true one must be destroyed.
    var isLost: Bool { get }

    /// Changes the memory limit of the next programs; a call to the engine, so only when it differs.
    func setMemoryLimit(_ memory: ByteCount) async throws(SandboxError)

    /// Runs a program.
    ///
    /// When the task is cancelled the run is given up, as it is when `receive` throws; the program
    /// dies with the sandbox, which must then be destroyed.
    ///
    /// - Parameters:
    ///   - program: What to run.
    ///   - build: What becomes of the program that is built, where one is.
    ///   - killsOnExcessOutput: Whether writing more than is kept ends it.
    ///   - receive: Takes the output in the order in which it comes. It is awaited, so a slow
    ///     receiver slows the program down. When it throws the run is given up with its error.
    /// - Returns: How the program ended.
    /// - Throws: ``SandboxError``, or what `receive` threw.
    func run(
        _ program: Program,
        build: BuildUse,
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport

    /// Drops the program that a run has kept, and proves that it is gone; does nothing where none is.
    func forgetProgram() async throws(SandboxError)

    /// Says whose the next runs are, so that a cancellation that comes late hits nobody else's.
    func assign(to execution: UUID) async

    /// Kills the program that runs, which then ends as cancelled; does nothing when none of this
    /// execution does.
    func cancel(_ execution: UUID) async

    /// Asks whether it is still well; to be called while no program runs.
    func probe() async throws(SandboxError)

    /// Removes the container, whatever state it is in.
    func destroy() async
}

extension Sandbox {
    /// Runs a program once, see ``run(_:build:killsOnExcessOutput:receive:)``.
    public func run(
        _ program: Program,
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport {
        try await run(
            program,
            build: .once,
            killsOnExcessOutput: killsOnExcessOutput,
            receive: receive
        )
    }
}

/// What becomes of the program that a run builds; nothing to those that are not built.
public enum BuildUse: Sendable {
    /// It is built, run, and gone.
    case once
    /// It is built, run, and kept for the next run, until ``Sandbox/forgetProgram()``.
    case keep
    /// It was kept, is run, and stays.
    case reuse
}

/// What a run leaves beside its output.
public struct SandboxReport: Equatable, Sendable {
    /// How the program ended, or the compiler if that made none.
    public var exit: ProgramExit
    /// How the compiler ended; nil where nothing is built.
    public var build: ProgramExit?
    /// The beginning of what the compiler said, if it made a program; else that is the output.
    public var buildOutput: [UInt8]
    /// Whether there was a program to start.
    public var isBuilt: Bool
    /// Those of the program's ``Program/outputs`` that matched nothing.
    public var missing: [String]
    /// Whether the agent proved that nothing of the program is left, but what was to be kept of it;
    /// else the sandbox must go.
    public var isClean: Bool

    /// Puts a report together.
    public init(
        exit: ProgramExit,
        build: ProgramExit? = nil,
        buildOutput: [UInt8] = [],
        isBuilt: Bool = true,
        missing: [String] = [],
        isClean: Bool
    ) {
        self.exit = exit
        self.build = build
        self.buildOutput = buildOutput
        self.isBuilt = isBuilt
        self.missing = missing
        self.isClean = isClean
    }
}

/// A piece of a program's output.
public enum SandboxOutput: Equatable, Sendable {
    /// A program's two output streams.
    public enum Stream: CaseIterable, Sendable {
        /// Standard output.
        case stdout
        /// Standard error.
        case stderr
    }

    /// The next bytes of a stream.
    case stream(Stream, [UInt8])
    /// An output file begins; its content follows, `size` bytes in all.
    case file(OutputPath, size: ByteCount)
    /// The next bytes of the file.
    case content([UInt8])
    /// A file that is not kept.
    case skipped(OutputPath, SkippedFile.Reason)
}

/// Why a sandbox could not do what it was asked; always our fault, never the program's.
public struct SandboxError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// The engine cannot be reached or does not answer.
        case engineUnavailable
        /// The engine refuses: no such image, a bad setting. Trying again does not help.
        case engineRefused
        /// The sandbox died, hung or answered nonsense.
        case sandboxLost
    }

    /// The kind.
    public let code: Code
    /// What happened, safe to show.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
