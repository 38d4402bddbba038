/// One run of a program in a sandbox.
public struct Run: Equatable, Sendable {
    /// A file that is put into the working directory before the program starts.
    public struct InputFile: Equatable, Sendable {
        /// Relative to the working directory; no empty, `.` or `..` component.
        public let path: String
        /// How many bytes of the run's input belong to it.
        public let size: UInt64

        /// Describes a file.
        public init(path: String, size: UInt64) {
            self.path = path
            self.size = size
        }
    }

    /// A variable of the program's environment.
    public struct Variable: Equatable, Sendable {
        /// Its name, without `=`.
        public let name: String
        /// Its value.
        public let value: String

        /// Describes a variable.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// How the program is started.
    public enum Start: Equatable, Sendable {
        /// By a copy of the warm interpreter.
        case warm
        /// By this program with these arguments, before the run's own.
        case command([String])
        /// As it is built: by itself, or by a command that finds it at ``Build/passedProduct``.
        case built(Build, run: [String])
        /// So, as an earlier run has built and kept it.
        case kept(run: [String])
    }

    /// How a program is made from its files before it is started.
    public struct Build: Equatable, Sendable {
        /// The path at which the compiler leaves the program.
        public static let product = "/tmp/program"
        /// The path at which a command that runs it finds it.
        public static let passedProduct = "/proc/self/fd/3"

        /// The compiler and its arguments.
        public var command: [String]
        /// Its environment, on top of that of every program.
        public var environment: [Variable]
        /// How long it may take, in nanoseconds.
        public var wallNanoseconds: UInt64
        /// The user and system time that it may use, in nanoseconds.
        public var cpuNanoseconds: UInt64
        /// The most processes and threads at once.
        public var processes: UInt32
        /// Whether the program is kept for the runs that follow, see ``Start/kept``.
        public var isKept: Bool

        /// Describes a build.
        public init(
            command: [String],
            environment: [Variable] = [],
            wallNanoseconds: UInt64,
            cpuNanoseconds: UInt64,
            processes: UInt32,
            isKept: Bool = false
        ) {
            self.command = command
            self.environment = environment
            self.wallNanoseconds = wallNanoseconds
            self.cpuNanoseconds = cpuNanoseconds
            self.processes = processes
            self.isKept = isKept
        }
    }

    /// What the agent holds the program to; each is above 0.
    public struct Limits: Equatable, Sendable {
        /// Real time from the program's start, in nanoseconds.
        public var wallNanoseconds: UInt64
        /// User and system time of all its processes together, in nanoseconds.
        public var cpuNanoseconds: UInt64
        /// The most processes and threads at once.
        public var processes: UInt32
        /// The stack of the first thread.
        public var stackBytes: UInt64
        /// How many bytes of standard output are kept, half from its head and half from its tail.
        public var stdoutBytes: UInt64
        /// As ``stdoutBytes``, for standard error.
        public var stderrBytes: UInt64
        /// How many bytes of output files are kept together.
        public var outputBytes: UInt64
        /// How many output files are kept.
        public var outputFiles: UInt32

        /// Puts limits together.
        public init(
            wallNanoseconds: UInt64,
            cpuNanoseconds: UInt64,
            processes: UInt32,
            stackBytes: UInt64,
            stdoutBytes: UInt64,
            stderrBytes: UInt64,
            outputBytes: UInt64,
            outputFiles: UInt32
        ) {
            self.wallNanoseconds = wallNanoseconds
            self.cpuNanoseconds = cpuNanoseconds
            self.processes = processes
            self.stackBytes = stackBytes
            self.stdoutBytes = stdoutBytes
            self.stderrBytes = stderrBytes
            self.outputBytes = outputBytes
            self.outputFiles = outputFiles
        }
    }

    /// Names the run in ``Command/cancel(token:)`` and in its reports; never used twice.
    public var token: UInt64
    /// How it is started.
    public var start: Start
    /// The file that is the program, one of ``files``.
    public var entrypoint: String
    /// Its arguments, without the program's own name.
    public var arguments: [String]
    /// Its environment, on top of the runtime's.
    public var environment: [Variable]
    /// Its files, in the order of their content in the input.
    public var files: [InputFile]
    /// How many bytes of the input, behind those of the files, are its standard input.
    public var stdinSize: UInt64
    /// What is asked for of its output files, each the glob patterns of which one has to match; empty
    /// for every file created or changed.
    public var outputs: [[String]]
    /// What it is held to.
    public var limits: Limits
    /// Whether a program that writes more than is kept is killed instead of truncated.
    public var killsOnExcessOutput: Bool

    /// Describes a run.
    public init(
        token: UInt64,
        start: Start,
        entrypoint: String,
        arguments: [String],
        environment: [Variable],
        files: [InputFile],
        stdinSize: UInt64,
        outputs: [[String]],
        limits: Limits,
        killsOnExcessOutput: Bool
    ) {
        self.token = token
        self.start = start
        self.entrypoint = entrypoint
        self.arguments = arguments
        self.environment = environment
        self.files = files
        self.stdinSize = stdinSize
        self.outputs = outputs
        self.limits = limits
        self.killsOnExcessOutput = killsOnExcessOutput
    }

    func write(to writer: inout FrameWriter) {
        writer.write(token)
        start.write(to: &writer)
        writer.write(entrypoint)
        writer.write(list: arguments) { $0.write($1) }
        writer.write(list: environment) { $1.write(to: &$0) }
        writer.write(list: files) {
            $0.write($1.path)
            $0.write($1.size)
        }
        writer.write(stdinSize)
        writer.write(list: outputs) { $0.write(list: $1) { $0.write($1) } }
        writer.write(limits.wallNanoseconds)
        writer.write(limits.cpuNanoseconds)
        writer.write(limits.processes)
        writer.write(limits.stackBytes)
        writer.write(limits.stdoutBytes)
        writer.write(limits.stderrBytes)
        writer.write(limits.outputBytes)
        writer.write(limits.outputFiles)
        writer.write(killsOnExcessOutput)
    }

    init(from reader: inout FrameReader) throws(FrameError) {
        token = try reader.read()
        start = try Start(from: &reader)
        entrypoint = try reader.readString("entrypoint")
        arguments = try reader.readList("arguments") { reader throws(FrameError) in
            try reader.readString("argument")
        }
        environment = try reader.readList("environment") { reader throws(FrameError) in
            try Variable(from: &reader)
        }
        files = try reader.readList("files") { reader throws(FrameError) in
            InputFile(path: try reader.readString("path"), size: try reader.read())
        }
        stdinSize = try reader.read()
        outputs = try reader.readList("outputs") { reader throws(FrameError) in
            try reader.readList("output") { reader throws(FrameError) in
                try reader.readString("pattern")
            }
        }
        limits = Limits(
            wallNanoseconds: try reader.read(),
            cpuNanoseconds: try reader.read(),
            processes: try reader.read(),
            stackBytes: try reader.read(),
            stdoutBytes: try reader.read(),
            stderrBytes: try reader.read(),
            outputBytes: try reader.read(),
            outputFiles: try reader.read()
        )
        killsOnExcessOutput = try reader.readBool("killsOnExcessOutput")
    }
}

extension Run.Start {
    fileprivate func write(to writer: inout FrameWriter) {
        switch self {
        case .warm:
            writer.write(UInt8(0))
        case .command(let command):
            writer.write(UInt8(1))
            writer.write(list: command) { $0.write($1) }
        case .built(let build, let run):
            writer.write(UInt8(2))
            writer.write(list: build.command) { $0.write($1) }
            writer.write(list: build.environment) { $1.write(to: &$0) }
            writer.write(build.wallNanoseconds)
            writer.write(build.cpuNanoseconds)
            writer.write(build.processes)
            writer.write(build.isKept)
            writer.write(list: run) { $0.write($1) }
        case .kept(let run):
            writer.write(UInt8(3))
            writer.write(list: run) { $0.write($1) }
        }
    }

    fileprivate init(from reader: inout FrameReader) throws(FrameError) {
        switch try reader.read(UInt8.self) {
        case 0:
            self = .warm
        case 1:
            self = .command(try Self.readCommand(&reader))
        case 2:
            self = .built(
                Run.Build(
                    command: try Self.readCommand(&reader),
                    environment: try reader.readList("environment") { reader throws(FrameError) in
                        try Run.Variable(from: &reader)
                    },
                    wallNanoseconds: try reader.read(),
                    cpuNanoseconds: try reader.read(),
                    processes: try reader.read(),
                    isKept: try reader.readBool("isKept")
                ),
                run: try Self.readWords(&reader)
            )
        case 3:
            self = .kept(run: try Self.readWords(&reader))
        default:
            throw .invalid("start")
        }
    }

    private static func readCommand(_ reader: inout FrameReader) throws(FrameError) -> [String] {
        let command = try readWords(&reader)
        guard !command.isEmpty else { throw .invalid("command") }
        return command
    }

    private static func readWords(_ reader: inout FrameReader) throws(FrameError) -> [String] {
        try reader.readList("command") { reader throws(FrameError) in
            try reader.readString("command")
        }
    }
}

extension Run.Variable {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.write(name)
        writer.write(value)
    }

    fileprivate init(from reader: inout FrameReader) throws(FrameError) {
        self.init(
            name: try reader.readString("variable"),
            value: try reader.readString("value")
        )
    }
}
