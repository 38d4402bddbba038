internal import FoundationEssentials
internal import SandmillEntity
public import SandmillService

/// A request as a client writes it; the contract's fields that a command line can name.
///
/// What is nil is left out, so that the pool's defaults hold.
public struct RequestDraft: Encodable, Equatable, Sendable {
    /// A file of the request.
    public struct File: Encodable, Equatable, Sendable {
        /// Its path in the working directory.
        public var path: String
        /// Its content, when that is text.
        public var text: String?
        /// Its content in base64, when it is not.
        public var base64: String?

        /// Describes a file.
        public init(path: String, content: [UInt8]) {
            self.path = path
            text = String(validating: content, as: UTF8.self)
            base64 = text == nil ? Data(content).base64EncodedString() : nil
        }

        /// The file as a request has it.
        var json: JSONValue {
            var fields: [String: JSONValue] = ["path": .string(path)]
            fields["text"] = text.map(JSONValue.string)
            fields["base64"] = base64.map(JSONValue.string)
            return .object(fields)
        }
    }

    /// That it is run again when it is the program that failed.
    public struct Retry: Encodable, Equatable, Sendable {
        /// How often at most.
        public var max: Int
        /// After which ends; nil for all that the contract allows.
        public var on: [String]?

        /// Asks for it.
        public init(max: Int, on: [String]?) {
            self.max = max
            self.on = on
        }
    }

    /// The limits that are asked for.
    public struct Limits: Encodable, Equatable, Sendable {
        /// Real time, in seconds.
        public var wallSeconds: Double?
        /// CPU time, in seconds.
        public var cpuSeconds: Double?
        /// Memory.
        public var memoryBytes: Int64?
        /// Processes.
        public var processes: Int64?
        /// The stack of its first thread.
        public var stackBytes: Int64?
        /// Kept standard output.
        public var stdoutBytes: Int64?
        /// Kept standard error.
        public var stderrBytes: Int64?
        /// Kept output files, together.
        public var outputBytes: Int64?
        /// Kept output files.
        public var outputFiles: Int64?

        /// Asks for nothing.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case wallSeconds = "wall_seconds"
            case cpuSeconds = "cpu_seconds"
            case memoryBytes = "memory_bytes"
            case processes
            case stackBytes = "stack_bytes"
            case stdoutBytes = "stdout_bytes"
            case stderrBytes = "stderr_bytes"
            case outputBytes = "output_bytes"
            case outputFiles = "output_files"
        }
    }

    /// The files.
    public var files: [File]
    /// The one to start.
    public var entrypoint: String
    /// What runs it.
    public var runtime: String?
    /// What is added to the command that builds it; nil for nothing.
    public var buildArguments: [String]?
    /// Its arguments.
    public var arguments: [String]
    /// Its environment.
    public var environment: [String: String]
    /// Its standard input, in base64.
    public var stdin: String?
    /// Globs of the files to keep.
    public var outputs: [String]
    /// Its limits.
    public var limits: Limits
    /// Its cases, each as the contract of a request writes it; nil for none.
    public var cases: [JSONValue]?
    /// Whether the cases behind the first that is not accepted are skipped.
    public var stopsOnFirstFailure: Bool?
    /// How much a wrong answer tells of itself.
    public var reveal: String?
    /// Who else may use its sandbox.
    public var isolation: String?
    /// When it may start, in RFC 3339.
    public var notBefore: String?
    /// By when it has to have started, in RFC 3339.
    public var deadline: String?
    /// Whether it is run again.
    public var retry: Retry?
    /// The execution that is cancelled in its favour.
    public var supersedes: String?
    /// Its labels.
    public var labels: [String: String]
    /// How long it is kept.
    public var retain: String?

    /// Begins a request with its program, whose name says what runs it if that is known.
    public init(entrypoint: String, files: [File]) {
        self.files = files
        self.entrypoint = entrypoint
        runtime = Runtime.ofFile(entrypoint)?.name
        arguments = []
        environment = [:]
        outputs = []
        limits = Limits()
        labels = [:]
    }

    /// Gives it bytes to read from standard input.
    public mutating func setStdin(_ bytes: [UInt8]) {
        stdin = Data(bytes).base64EncodedString()
    }

    /// The body of the message.
    public func encoded() -> [UInt8] {
        DocumentCoder.encode(self)
    }

    private enum CodingKeys: String, CodingKey {
        case files
        case entrypoint
        case runtime
        case buildArguments = "build_args"
        case arguments = "args"
        case environment = "env"
        case stdin = "stdin_base64"
        case outputs
        case limits
        case cases
        case stopsOnFirstFailure = "stop_on_first_failure"
        case reveal
        case isolation
        case notBefore = "not_before"
        case deadline
        case retry
        case supersedes
        case labels
        case retain
    }
}
