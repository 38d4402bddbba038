internal import SandmillEntity

extension SubmissionDecoder {
    /// The most bytes of arguments and environment together; the kernel takes a few more, which are
    /// for the path of the program, its interpreter and the runtime's own variables.
    private static let argumentBytes = 120 << 10
    /// The most arguments, and the most variables; an agent takes no more.
    private static let maximumArguments = 10_000
    private static let maximumBuildArguments = 64
    private static let maximumPatterns = 100
    /// The most bytes of all patterns together; each path of an output is held against all of them.
    private static let patternBytes = 4 << 10
    static let maximumFiles = 1_000
    /// The most bytes of all paths together: what is told of a run has to fit into one frame.
    private static let pathBytes = 256 << 10

    func program(_ body: RequestBody) throws(RequestRefusal) -> Program {
        let runtime = try runtime(named: body.runtime)
        let entrypoint = body.entrypoint ?? runtime.entrypoint
        guard InputPath.isValid(entrypoint) else {
            throw RequestRefusal(.invalidRequest, at: "/entrypoint", InputPath.rule)
        }
        try Self.checkEnvironment(body.environment)
        try Self.checkArguments(
            body.arguments,
            at: "/args",
            environmentSize: Self.size(ofEnvironment: body.environment)
        )
        return Program(
            runtime: runtime,
            files: try Self.files(body, entrypoint: entrypoint),
            entrypoint: entrypoint,
            buildArguments: try Self.checkBuildArguments(body.buildArguments, of: runtime),
            arguments: body.arguments,
            environment: body.environment,
            stdin: body.stdin,
            outputs: try Self.checkOutputs(body.outputs),
            limits: try pool.limits.limits(asked: body.limits, for: runtime)
        )
    }

    private static func checkBuildArguments(
        _ arguments: [String],
        of runtime: Runtime
    ) throws(RequestRefusal) -> [String] {
        guard arguments.count <= maximumBuildArguments else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/build_args",
                "more than \(maximumBuildArguments)"
            )
        }
        if !arguments.isEmpty, runtime.build == nil {
            throw RequestRefusal(
                .invalidRequest,
                at: "/build_args",
                "programs of the runtime \(runtime.name) are not built"
            )
        }
        for (index, argument) in arguments.enumerated() {
            let isPlain = argument.utf8.count <= 1_024 && !argument.utf8.contains(0)
            guard isPlain, runtime.build?.allows(argument) == true else {
                let allowed = runtime.build?.allowedArguments.joined(separator: ", ") ?? ""
                throw RequestRefusal(
                    .invalidRequest,
                    at: "/build_args/\(index)",
                    "not one of \(allowed)"
                )
            }
        }
        return arguments
    }

    private func runtime(named name: String?) throws(RequestRefusal) -> Runtime {
        guard let name else { return pool.runtimes[0] }
        guard let runtime = pool.runtimes.first(where: { $0.name == name }) else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/runtime",
                "this pool runs \(pool.runtimes.map(\.name).joined(separator: ", "))"
            )
        }
        return runtime
    }

    private static func files(
        _ body: RequestBody,
        entrypoint: String
    ) throws(RequestRefusal) -> [Program.InputFile] {
        guard body.files.count <= maximumFiles else {
            throw RequestRefusal(.invalidRequest, at: "/files", "more than \(maximumFiles)")
        }
        try checkPaths(body.files.map(\.path), at: "/files")
        var tree = InputTree()
        var files: [Program.InputFile] = []
        if let source = body.source {
            _ = tree.insert(entrypoint)
            files.append(Program.InputFile(path: entrypoint, content: Array(source.utf8)))
        }
        for (index, file) in body.files.enumerated() {
            let pointer = "/files/\(index)/path"
            guard InputPath.isValid(file.path) else {
                throw RequestRefusal(.invalidRequest, at: pointer, InputPath.rule)
            }
            if let conflict = tree.insert(file.path) {
                throw RequestRefusal(.invalidRequest, at: pointer, conflict)
            }
            files.append(Program.InputFile(path: file.path, content: file.content))
        }
        // Byte by byte, as a file system compares: two spellings of an accent are two names.
        guard files.contains(where: { $0.path.utf8.elementsEqual(entrypoint.utf8) }) else {
            throw RequestRefusal(
                .invalidRequest,
                at: body.entrypoint == nil ? "/source" : "/entrypoint",
                "there is neither a \"source\" nor a file \"\(entrypoint)\""
            )
        }
        return files
    }

    /// Checks the paths of all files that a program is given, or a case of it.
    static func checkPaths(_ paths: [String], at pointer: String) throws(RequestRefusal) {
        guard paths.reduce(0, { $0 + $1.utf8.count }) <= pathBytes else {
            throw RequestRefusal(
                .invalidRequest,
                at: pointer,
                "their paths are above \(pathBytes) bytes"
            )
        }
    }

    private static func checkEnvironment(
        _ environment: [String: String]
    ) throws(RequestRefusal) {
        guard environment.count <= maximumArguments else {
            throw RequestRefusal(.invalidRequest, at: "/env", "more than \(maximumArguments)")
        }
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "="))
            else {
                throw RequestRefusal(
                    .invalidRequest,
                    at: "/env",
                    "a name is empty or has a = or a U+0000"
                )
            }
            guard !value.utf8.contains(0) else {
                throw RequestRefusal(
                    .invalidRequest,
                    at: RequestRefusal.pointer(to: ["env", name]),
                    "has a U+0000"
                )
            }
        }
    }

    /// The bytes that variables take.
    static func size(ofEnvironment environment: [String: String]) -> Int {
        environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
    }

    /// Checks the arguments at `pointer` of a program whose variables take so many bytes.
    static func checkArguments(
        _ arguments: [String],
        at pointer: String,
        environmentSize: Int
    ) throws(RequestRefusal) {
        guard arguments.count <= maximumArguments else {
            throw RequestRefusal(.invalidRequest, at: pointer, "more than \(maximumArguments)")
        }
        for (index, argument) in arguments.enumerated() where argument.utf8.contains(0) {
            throw RequestRefusal(.invalidRequest, at: "\(pointer)/\(index)", "has a U+0000")
        }
        let size = arguments.reduce(environmentSize) { $0 + $1.utf8.count + 1 }
        guard size <= argumentBytes else {
            throw RequestRefusal(
                .invalidRequest,
                at: arguments.isEmpty ? "/env" : pointer,
                "arguments and environment are above \(argumentBytes) bytes"
            )
        }
    }

    private static func checkOutputs(_ outputs: [String]) throws(RequestRefusal) -> [String] {
        guard outputs.count <= maximumPatterns else {
            throw RequestRefusal(.invalidRequest, at: "/outputs", "more than \(maximumPatterns)")
        }
        guard outputs.reduce(0, { $0 + $1.utf8.count }) <= patternBytes else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/outputs",
                "above \(patternBytes) bytes together"
            )
        }
        for (index, pattern) in outputs.enumerated() {
            let isPlain = !pattern.isEmpty && pattern.utf8.count <= 1_024
            guard isPlain, !pattern.utf8.contains(0), pattern.utf8.first != UInt8(ascii: "/"),
                !pattern.split(separator: "/").contains("..")
            else {
                throw RequestRefusal(
                    .invalidRequest,
                    at: "/outputs/\(index)",
                    "not a relative pattern of 1 to 1024 bytes without .."
                )
            }
            guard OutputPattern(pattern) != nil else {
                throw RequestRefusal(
                    .invalidRequest,
                    at: "/outputs/\(index)",
                    "its braces stand for more than \(OutputPattern.maximumAlternatives) patterns"
                )
            }
        }
        return outputs
    }
}

extension LimitPolicy {
    /// The limits of a request that asked for some: each between nought, excluded, and its maximum, and
    /// no lower than what its runtime needs.
    ///
    /// No default undercuts what was asked for: there is as much real time as processor time at least, up
    /// to its maximum, and so much memory as the stack that is asked for.
    func limits(
        asked: RequestBody.Limits?,
        for runtime: Runtime
    ) throws(RequestRefusal) -> Limits {
        var defaults = defaults
        defaults.memory = max(defaults.memory, runtime.minimumMemory)
        defaults.processes = max(defaults.processes, runtime.minimumProcesses)
        guard let asked else { return defaults }
        var limits = defaults
        limits.wall = try Self.seconds(
            asked.wallSeconds,
            .wallSeconds,
            defaults.wall,
            maxima.wall
        )
        limits.cpu = try Self.seconds(asked.cpuSeconds, .cpuSeconds, defaults.cpu, maxima.cpu)
        limits.memory = try Self.bytes(
            asked.memoryBytes,
            .memoryBytes,
            defaults.memory,
            maxima.memory
        )
        limits.processes = try Self.count(
            asked.processes,
            .processes,
            defaults.processes,
            maxima.processes
        )
        limits.stdout = try Self.bytes(
            asked.stdoutBytes,
            .stdoutBytes,
            defaults.stdout,
            maxima.stdout
        )
        limits.stderr = try Self.bytes(
            asked.stderrBytes,
            .stderrBytes,
            defaults.stderr,
            maxima.stderr
        )
        limits.output = try Self.bytes(
            asked.outputBytes,
            .outputBytes,
            defaults.output,
            maxima.output
        )
        limits.outputFiles = try Self.count(
            asked.outputFiles,
            .outputFiles,
            defaults.outputFiles,
            maxima.outputFiles
        )
        if let stack = asked.stackBytes {
            let (least, most) = (Self.minimumStack, maxima.memory.bytes)
            guard stack >= least, stack <= most else {
                throw Self.refusal(.stackBytes, "not between \(least) and \(most)")
            }
            limits.stack = ByteCount(stack)
            if asked.memoryBytes == nil { limits.memory = max(limits.memory, ByteCount(stack)) }
        }
        if asked.wallSeconds == nil, asked.cpuSeconds != nil {
            limits.wall = min(max(limits.wall, limits.cpu * Self.wallForCPU), maxima.wall)
        }
        try Self.check(limits, holds: runtime)
        return limits
    }

    /// The least stack: an interpreter starts with it.
    private static let minimumStack: Int64 = 256 << 10
    /// How much real time there is by default for processor time that is asked for, as by default.
    private static let wallForCPU = 2

    private static func check(
        _ limits: Limits,
        holds runtime: Runtime
    ) throws(RequestRefusal) {
        guard limits.memory >= runtime.minimumMemory else {
            throw refusal(
                .memoryBytes,
                "the runtime \(runtime.name) needs at least \(runtime.minimumMemory.bytes)"
            )
        }
        guard limits.processes >= runtime.minimumProcesses else {
            throw refusal(
                .processes,
                "the runtime \(runtime.name) needs at least \(runtime.minimumProcesses)"
            )
        }
    }

    private typealias Key = RequestBody.Limits.CodingKeys

    private static func seconds(
        _ asked: Double?,
        _ key: Key,
        _ fallback: Duration,
        _ maximum: Duration
    ) throws(RequestRefusal) -> Duration {
        guard let asked else { return fallback }
        guard asked > 0, asked <= maximum / .seconds(1) else {
            throw refusal(key, "not above 0 and at most \(maximum / .seconds(1))")
        }
        return max(.seconds(asked), .milliseconds(1))
    }

    private static func bytes(
        _ asked: Int64?,
        _ key: Key,
        _ fallback: ByteCount,
        _ maximum: ByteCount
    ) throws(RequestRefusal) -> ByteCount {
        ByteCount(try whole(asked, key, fallback.bytes, maximum.bytes))
    }

    private static func count(
        _ asked: Int64?,
        _ key: Key,
        _ fallback: Int,
        _ maximum: Int
    ) throws(RequestRefusal) -> Int {
        Int(try whole(asked, key, Int64(fallback), Int64(maximum)))
    }

    private static func whole(
        _ asked: Int64?,
        _ key: Key,
        _ fallback: Int64,
        _ maximum: Int64
    ) throws(RequestRefusal) -> Int64 {
        guard let asked else { return fallback }
        guard asked > 0, asked <= maximum else {
            throw refusal(key, "not between 1 and \(maximum)")
        }
        return asked
    }

    private static func refusal(_ key: Key, _ message: String) -> RequestRefusal {
        RequestRefusal(.invalidRequest, at: "/limits/\(key.rawValue)", message)
    }
}
