/// The facts of a program's end, all of them from the kernel.
public struct ProgramExit: Equatable, Sendable {
    /// How its first process ended.
    public enum Status: Equatable, Sendable {
        /// It exited with a code from 0 to 255.
        case code(Int)
        /// A signal killed it.
        case signal(Int)
    }

    /// Why the sandbox killed it.
    public enum KillCause: Equatable, Sendable {
        /// Its wall limit.
        case wallTime
        /// Its CPU limit.
        case cpuTime
        /// Its limit of standard output.
        case stdout
        /// Its limit of standard error.
        case stderr
        /// Somebody asked for it.
        case cancelled
        /// Its limit of memory, where the kernel does not count what it held.
        case memory
    }

    /// How its first process ended.
    public var status: Status
    /// Why the sandbox killed it; nil when it ended by itself.
    public var killCause: KillCause?
    /// From start to end, monotonic.
    public var wall: Duration
    /// User and system time of all its processes.
    public var cpu: Duration
    /// The most memory it held at once.
    public var memoryPeak: ByteCount
    /// How many of its processes the OOM killer ended.
    public var oomKills: Int
    /// What it wrote to standard output, kept or not.
    public var stdout: ByteCount
    /// What it wrote to standard error, kept or not.
    public var stderr: ByteCount

    /// Puts the facts together.
    public init(
        status: Status,
        killCause: KillCause?,
        wall: Duration,
        cpu: Duration,
        memoryPeak: ByteCount,
        oomKills: Int,
        stdout: ByteCount,
        stderr: ByteCount
    ) {
        self.status = status
        self.killCause = killCause
        self.wall = wall
        self.cpu = cpu
        self.memoryPeak = memoryPeak
        self.oomKills = oomKills
        self.stdout = stdout
        self.stderr = stderr
    }
}
