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
