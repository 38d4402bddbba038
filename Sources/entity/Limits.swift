/// What one execution may use.
///
/// Every limit is above nought; none means "unlimited".
public struct Limits: Equatable, Sendable {
    /// Real time from the program's start.
    public var wall: Duration
    /// User and system time of all its processes together.
    public var cpu: Duration
    /// Memory of all its processes and of the files they write, held by the cgroup.
    public var memory: ByteCount
    /// Processes and threads at once.
    public var processes: Int
    /// Standard output that is kept.
    public var stdout: ByteCount
    /// Standard error that is kept.
    public var stderr: ByteCount
    /// Output files that are kept, together.
    public var output: ByteCount
    /// How many output files are kept.
    public var outputFiles: Int
    /// The stack of its first thread; nil for as much as the memory limit allows.
    public var stack: ByteCount?

    /// Puts limits together.
    public init(
        wall: Duration,
        cpu: Duration,
        memory: ByteCount,
        processes: Int,
        stdout: ByteCount,
        stderr: ByteCount,
        output: ByteCount,
        outputFiles: Int,
        stack: ByteCount? = nil
    ) {
        self.wall = wall
        self.cpu = cpu
        self.memory = memory
        self.processes = processes
        self.stdout = stdout
        self.stderr = stderr
        self.output = output
        self.outputFiles = outputFiles
        self.stack = stack
    }
}

/// What a pool gives an execution that does not ask, and the most that one may ask for.
public struct LimitPolicy: Equatable, Sendable {
    /// For every limit that a request leaves out.
    public var defaults: Limits
    /// The highest value a request may name.
    public var maxima: Limits
    /// Whether a program that writes more than is kept is killed (`output_exceeded`) instead of
    /// having its output truncated.
    public var killsOnExcessOutput: Bool

    /// Puts a policy together.
    public init(defaults: Limits, maxima: Limits, killsOnExcessOutput: Bool) {
        self.defaults = defaults
        self.maxima = maxima
        self.killsOnExcessOutput = killsOnExcessOutput
    }
}
