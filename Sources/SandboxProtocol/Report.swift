/// What the agent sends to the worker.
///
/// Of one run, in this order: ``output(_:_:)`` while the program runs, ``exited(_:)`` once all of
/// its processes are dead, ``tail(_:_:)`` of a stream that was truncated, then for each kept file
/// ``file(path:size:)`` and its ``content(_:)``, ``skipped(path:reason:)`` for each that was not
/// kept, ``missing(pattern:)``, and ``finished(_:)`` when the sandbox was reset. ``failed(_:)`` in place of
/// ``exited(_:)`` means that the program could not be started.
///
/// Where the program is built first, ``built(_:output:)`` comes before all of these, and the program is
/// started when ``Command/proceed`` has come. ``notBuilt(_:)`` in place of ``exited(_:)`` ends a run whose build failed: its output is what the compiler said.
///
/// ``finished(_:)`` alone also answers ``Command/forget``.
public enum Report: Equatable, Sendable {
    /// The agent is up and its runtimes are warm.
    case ready(version: UInt32)
    /// Bytes that the program wrote, up to the kept head of the stream.
    case output(Stream, [UInt8])
    /// The kept tail of a stream whose middle was dropped.
    case tail(Stream, [UInt8])
    /// The compiler ended, and has made a program, which is started next; the beginning of what it
    /// wrote to standard error.
    case built(Exit, output: [UInt8])
    /// The compiler ended, and has made no program.
    case notBuilt(Exit)
    /// The program ended.
    case exited(Exit)
    /// An output file begins; exactly `size` bytes of content follow.
    case file(path: [UInt8], size: UInt64)
    /// The next bytes of the file.
    case content([UInt8])
    /// A file that is not kept, and why.
    case skipped(path: [UInt8], reason: SkipReason)
    /// The pattern of this index in ``Run/outputs`` matched nothing.
    case missing(pattern: UInt32)
    /// The run is over.
    case finished(Finish)
    /// The program was not run: what went wrong inside the sandbox, for the operator.
    case failed(String)
    /// The answer to a probe.
    case healthy(nonce: UInt64)

    /// One of a program's two output streams.
    public enum Stream: UInt8, Sendable {
        /// Standard output.
        case stdout = 1
        /// Standard error.
        case stderr = 2
    }

    /// Why a file is not kept.
    public enum SkipReason: UInt8, Sendable {
        /// It is a symbolic link.
        case symlink = 1
        /// It is a FIFO, a socket, a device: nothing with content.
        case notRegular = 2
        /// It does not fit into what is left of the byte limit.
        case tooLarge = 3
        /// There were more files than the limit.
        case tooMany = 4
        /// It lies deeper than the agent looks.
        case tooDeep = 5
        /// Its path is longer than ``FrameLimits/path``.
        case pathTooLong = 6
        /// It could not be read.
        case unreadable = 7
    }

    /// The facts of a program's end, all from the kernel.
    public struct Exit: Equatable, Sendable {
        /// How the first process ended.
        public enum Status: Equatable, Sendable {
            /// It exited, with a code from 0 to 255.
            case code(UInt8)
            /// A signal killed it.
            case signal(UInt8)
        }

        /// Why the agent killed it, if it did.
        public enum Kill: UInt8, Sendable {
            /// It was not killed by the agent.
            case none = 0
            /// It ran longer than its wall limit.
            case wallTime = 1
            /// It used more than its CPU limit.
            case cpuTime = 2
            /// It wrote more standard output than is kept.
            case stdout = 3
            /// It wrote more standard error than is kept.
            case stderr = 4
            /// It was cancelled.
            case cancelled = 5
            /// It had more sockets than its memory limit has room for.
            case memory = 6
        }

        /// How the first process ended.
        public var status: Status
        /// Why the agent killed it.
        public var kill: Kill
        /// From its start to the end of the first process, in nanoseconds (CLOCK_MONOTONIC).
        public var wallNanoseconds: UInt64
        /// User and system time of all its processes, in nanoseconds (wait4).
        public var cpuNanoseconds: UInt64
        /// The most memory it held at once, in bytes.
        public var memoryPeakBytes: UInt64
        /// How many of its processes the kernel's OOM killer ended (cgroup).
        public var oomKills: UInt32
        /// How many bytes it wrote to standard output, kept or not.
        public var stdoutBytes: UInt64
        /// How many bytes it wrote to standard error, kept or not.
        public var stderrBytes: UInt64

        /// Puts the facts together.
        public init(
            status: Status,
            kill: Kill,
            wallNanoseconds: UInt64,
            cpuNanoseconds: UInt64,
            memoryPeakBytes: UInt64,
            oomKills: UInt32,
            stdoutBytes: UInt64,
            stderrBytes: UInt64
        ) {
            self.status = status
            self.kill = kill
            self.wallNanoseconds = wallNanoseconds
            self.cpuNanoseconds = cpuNanoseconds
            self.memoryPeakBytes = memoryPeakBytes
            self.oomKills = oomKills
            self.stdoutBytes = stdoutBytes
            self.stderrBytes = stderrBytes
        }
    }

    /// How a run left the sandbox.
    public enum Finish: Equatable, Sendable {
        /// No process, file or IPC object of it is left but the program that it was to keep: the
        /// next run may come.
        case clean
        /// Something is left, or might be: the sandbox must be destroyed. What, for the operator.
        case unclean(String)
    }
}
