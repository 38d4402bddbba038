/// What is to be run: files, the one among them to start, and what it is given.
public struct Program: Equatable, Sendable {
    /// A file put into the working directory before the start.
    public struct InputFile: Equatable, Sendable {
        /// Relative to the working directory, without empty, `.` or `..` components.
        public var path: String
        /// Its bytes.
        public var content: [UInt8]

        /// Describes a file.
        public init(path: String, content: [UInt8]) {
            self.path = path
            self.content = content
        }
    }

    /// What runs it.
    public var runtime: Runtime
    /// Its files; ``entrypoint`` is one of them.
    public var files: [InputFile]
    /// The path of the file to start.
    public var entrypoint: String
    /// What its request adds to the command that builds it.
    public var buildArguments: [String]
    /// Its arguments, without its own name.
    public var arguments: [String]
    /// Variables on top of the runtime's own.
    public var environment: [String: String]
    /// What it reads from standard input.
    public var stdin: [UInt8]
    /// Globs of the output files to keep; empty for every regular file created or changed.
    public var outputs: [String]
    /// What it is held to.
    public var limits: Limits

    /// Describes a program.
    public init(
        runtime: Runtime,
        files: [InputFile],
        entrypoint: String,
        buildArguments: [String] = [],
        arguments: [String],
        environment: [String: String],
        stdin: [UInt8],
        outputs: [String],
        limits: Limits
    ) {
        self.runtime = runtime
        self.files = files
        self.entrypoint = entrypoint
        self.buildArguments = buildArguments
        self.arguments = arguments
        self.environment = environment
        self.stdin = stdin
        self.outputs = outputs
        self.limits = limits
    }
}
