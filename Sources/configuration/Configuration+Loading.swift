internal import FoundationEssentials
internal import SandmillEntity

extension Configuration {
    /// Reads a configuration: the file, then the environment, then the flags.
    ///
    /// - Parameters:
    ///   - file: A YAML file; nil for none.
    ///   - environment: Variables such as `SANDMILL_BROKER_URL`.
    ///   - assignments: Flags such as `broker.url=amqp://…`.
    ///   - hostname: The default of `worker.id`.
    /// - Returns: The configuration, complete and valid.
    /// - Throws: ``ConfigurationError`` with every problem.
    public static func load(
        file: String?,
        environment: [String: String],
        assignments: [String],
        hostname: String
    ) throws(ConfigurationError) -> Configuration {
        var settings = Settings()
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw ConfigurationError(["\(file): cannot be read"])
            }
            try settings.add(yaml: text, file: file)
        }
        // A first reading finds out which keys there are, pools of the file included.
        var keys = SettingsReader(settings)
        _ = Configuration(&keys, hostname: hostname)
        try settings.add(environment: environment, keys: keys.known.sorted())
        try settings.add(assignments: assignments)

        var reader = SettingsReader(settings)
        var configuration = Configuration(&reader, hostname: hostname)
        let unknown = Settings.unknownVariables(in: environment, keys: reader.known)
        configuration.warnings = unknown.map { "there is no setting for the variable \($0)" }
        try reader.finish()
        return configuration
    }

    private init(_ reader: inout SettingsReader, hostname: String) {
        cluster = reader.name("cluster", default: "sandmill")
        startTimeout = reader.duration("start_timeout", default: .seconds(60))
        broker = Broker(
            url: reader.string("broker.url", default: "amqp://guest:guest@127.0.0.1:5672/"),
            prefix: reader.name("broker.prefix", default: "sandmill"),
            caFile: reader.optionalString("broker.ca_file"),
            prefetch: reader.count("broker.prefetch", default: 48, in: 1...1_000),
            maximumBody: reader.bytes("broker.maximum_body", default: .mebibytes(8)),
            messageTimeout: reader.duration("broker.message_timeout", default: .seconds(300)),
            users: Self.users(&reader),
            replyQueues: reader.list("broker.reply_queues", default: ["*"])
        )
        database = Database(
            url: reader.string("database.url", default: "postgresql://127.0.0.1/sandmill"),
            schema: reader.name("database.schema", default: "sandmill"),
            connections: reader.count("database.connections", default: 6, in: 3...100)
        )
        engine = Engine(
            url: reader.string("engine.url", default: "unix:///var/run/docker.sock"),
            caFile: reader.optionalString("engine.ca_file"),
            certificateFile: reader.optionalString("engine.certificate_file"),
            keyFile: reader.optionalString("engine.key_file")
        )
        resultsRoot = reader.string("results.root", default: "/var/lib/sandmill/results")
        resultsGroup = reader.optionalString("results.group")
        resultsTenantRate = reader.bytes("results.tenant_rate", default: .mebibytes(32))
        upload = UploadConfiguration(&reader)
        worker = Worker(
            id: reader.name("worker.id", default: Name.isValid(hostname) ? hostname : "worker"),
            claimAhead: reader.count("worker.claim_ahead", default: 48, in: 1...1_000),
            window: reader.count("worker.window", default: 1_000, in: 1...10_000_000),
            windowSize: reader.bytes("worker.window_size", default: .mebibytes(1_024)),
            maximumAttempts: reader.count("worker.maximum_attempts", default: 5, in: 1...100),
            drainTimeout: reader.duration("worker.drain_timeout", default: .seconds(330)),
            listen: reader.optionalAddress(
                "worker.listen",
                default: ListenAddress("127.0.0.1", 9_464)
            )
        )
        gateway = GatewayConfiguration(&reader)
        logLevel = reader.choice("log.level", default: .info)
        logFormat = reader.choice("log.format", default: .text)
        let runtimes = Self.runtimes(&reader)
        self.runtimes = runtimes
        let names = reader.names(below: "pools")
        pools = (names.isEmpty ? ["python"] : names).map {
            PoolConfiguration(&reader, name: $0, among: runtimes)
        }
        retention = RetentionPolicy(&reader, pools: pools.map(\.name))
        warnings = []
    }
}

extension Configuration {
    private static func users(_ reader: inout SettingsReader) -> [String: [String]]? {
        let section = "broker.users"
        var users: [String: [String]] = [:]
        for key in reader.keys(below: section) {
            let tenants = reader.list(key, default: [])
            if tenants.isEmpty || tenants != ["*"] && !tenants.allSatisfy(Name.isValid) {
                reader.refuse(key, "is not \"*\" or a list of tenants, each of \(Name.rule)")
            }
            users[String(key.dropFirst(section.count + 1))] = tenants
        }
        return users.isEmpty ? nil : users
    }
}

extension PoolConfiguration {
    fileprivate init(
        _ reader: inout SettingsReader,
        name: String,
        among known: [Runtime]
    ) {
        let key = "pools.\(name)"
        if !Name.isValid(name) || name.contains(".") {
            reader.refuse(key, "is no name of a pool, expected \(Name.rule), without dots")
        }
        self.name = name
        runtimes = Self.runtimes(&reader, key: key, among: known)
        image = reader.string("\(key).image", default: "sandmill/sandbox-python:latest")
        containerRuntime = reader.optionalString("\(key).container_runtime")
        isolation = reader.choice("\(key).isolation", default: .tenant)
        sandboxes = SandboxPool.Configuration(&reader, key: "\(key).sandboxes")
        cpus = reader.optionalNumber("\(key).cpus", in: 0.01...1_024)
        scratch = reader.bytes("\(key).scratch", default: .mebibytes(64))
        scratchFiles = reader.count("\(key).scratch_files", default: 16_384, in: 16...10_000_000)
        preload = reader.list("\(key).preload", default: Self.preload)
        let maxima = Limits(
            &reader,
            key: "\(key).limits.maximum",
            default: Limits(
                wall: .seconds(300),
                cpu: .seconds(300),
                memory: .mebibytes(1_024),
                processes: 128,
                stdout: .mebibytes(16),
                stderr: .mebibytes(16),
                output: .mebibytes(256),
                outputFiles: 1_000
            )
        )
        let defaults = Limits(
            &reader,
            key: "\(key).limits.default",
            default: Limits(
                wall: .seconds(10),
                cpu: .seconds(5),
                memory: .mebibytes(128),
                processes: 64,
                stdout: .mebibytes(1),
                stderr: .mebibytes(1),
                output: .mebibytes(16),
                outputFiles: 100
            )
        )
        let excess: ExcessOutput = reader.choice("\(key).excess_output", default: .truncate)
        limits = LimitPolicy(
            defaults: defaults,
            maxima: maxima,
            killsOnExcessOutput: excess == .kill
        )
        for name in defaults.namesAbove(maxima) {
            reader.refuse("\(key).limits.default.\(name)", "is above its maximum")
        }
        for runtime in runtimes {
            if runtime.minimumMemory > maxima.memory {
                reader.refuse(
                    "\(key).limits.maximum.memory",
                    "is less than the runtime \(runtime.name) needs"
                )
            }
            if runtime.minimumProcesses > maxima.processes {
                reader.refuse(
                    "\(key).limits.maximum.processes",
                    "is less than the runtime \(runtime.name) needs"
                )
            }
        }
    }

    private static func runtimes(
        _ reader: inout SettingsReader,
        key: String,
        among known: [Runtime]
    ) -> [Runtime] {
        let first = reader.string("\(key).runtime", default: "python")
        let further = reader.list("\(key).further_runtimes", default: [])
        let wall = reader.duration("\(key).build.wall", default: .seconds(30))
        let cpu = reader.duration("\(key).build.cpu", default: .seconds(20))
        let memory = reader.bytes("\(key).build.memory", default: .mebibytes(1_024))
        // By these names, a pool could say so before runtimes were configuration.
        let flags = ["c", "cpp"].map { name in
            let flags = known.first { $0.name == name }?.build?.flags ?? []
            return (name, reader.list("\(key).build.\(name)_flags", default: flags))
        }
        var runtimes: [Runtime] = []
        for (name, origin) in [(first, "runtime")] + further.map({ ($0, "further_runtimes") }) {
            guard var runtime = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                reader.refuse("\(key).\(origin)", "is \"\(name)\", expected one of \(names)")
                continue
            }
            if var build = runtime.build {
                build.flags = flags.first { $0.0 == name }?.1 ?? build.flags
                (build.wall, build.cpu, build.memory) = (wall, cpu, memory)
                runtime.build = build
            }
            if !runtimes.contains(where: { $0.name == name }) { runtimes.append(runtime) }
        }
        return runtimes
    }

    private static let preload = [
        "argparse", "base64", "collections", "csv", "datetime", "decimal", "functools", "hashlib",
        "heapq", "io", "itertools", "json", "math", "os", "random", "re", "statistics", "string",
        "struct", "sys", "time", "typing", "zlib",
    ]
}

extension SandboxPool.Configuration {
    fileprivate init(_ reader: inout SettingsReader, key: String) {
        self.init(
            spare: reader.count("\(key).spare", default: 2, in: 0...1_000),
            maximum: reader.count("\(key).maximum", default: 4, in: 1...1_000),
            tenantMaximum: reader.optionalCount("\(key).tenant_maximum", in: 1...1_000),
            maximumUses: reader.count("\(key).maximum_uses", default: 1_000, in: 1...1_000_000),
            maximumAge: reader.duration("\(key).maximum_age", default: .seconds(3_600)),
            idleTimeout: reader.duration("\(key).idle_timeout", default: .seconds(300)),
            probeInterval: reader.duration("\(key).probe_interval", default: .seconds(10))
        )
    }
}

extension Limits {
    fileprivate init(_ reader: inout SettingsReader, key: String, default fallback: Limits) {
        let counts = 1...1_000_000
        self.init(
            wall: reader.duration("\(key).wall", default: fallback.wall),
            cpu: reader.duration("\(key).cpu", default: fallback.cpu),
            memory: reader.bytes("\(key).memory", default: fallback.memory),
            processes: reader.count(
                "\(key).processes",
                default: fallback.processes,
                in: counts
            ),
            stdout: reader.bytes("\(key).stdout", default: fallback.stdout),
            stderr: reader.bytes("\(key).stderr", default: fallback.stderr),
            output: reader.bytes("\(key).output", default: fallback.output),
            outputFiles: reader.count(
                "\(key).output_files",
                default: fallback.outputFiles,
                in: counts
            )
        )
    }

    fileprivate func namesAbove(_ maxima: Limits) -> [String] {
        [
            ("wall", wall > maxima.wall), ("cpu", cpu > maxima.cpu),
            ("memory", memory > maxima.memory), ("processes", processes > maxima.processes),
            ("stdout", stdout > maxima.stdout), ("stderr", stderr > maxima.stderr),
            ("output", output > maxima.output),
            ("output_files", outputFiles > maxima.outputFiles),
        ].filter(\.1).map(\.0)
    }
}
