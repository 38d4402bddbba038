internal import SandmillEntity

extension Configuration {
    /// The runtimes that are given and those that the configuration adds.
    static func runtimes(_ reader: inout SettingsReader) -> [Runtime] {
        var runtimes = Runtime.given.map { Runtime(&reader, $0) }
        let givenNames = Set(runtimes.map(\.name))
        for name in reader.names(below: "runtimes") where !givenNames.contains(name) {
            if !Runtime.isValid(name: name) {
                reader.refuse(
                    "runtimes.\(name)",
                    "is no name of a runtime, expected \(Runtime.nameRule)"
                )
            }
            runtimes.append(Runtime(&reader, named: name))
        }
        return runtimes
    }
}

extension Runtime {
    /// A new one, which has to say how its programs are run.
    fileprivate init(_ reader: inout SettingsReader, named name: String) {
        self.init(
            &reader,
            Runtime(name: name, entrypoint: "", version: [], packages: [])
        )
        if entrypoint.isEmpty || entrypoint.contains("/") || !fileEnding.hasPrefix(".") {
            reader.refuse("runtimes.\(name).file", "is no name of a file with an extension")
        }
        if isWarm { reader.refuse("runtimes.\(name)", "has neither build nor run") }
    }

    /// The one that is `given`, with what is said otherwise.
    fileprivate init(_ reader: inout SettingsReader, _ given: Runtime) {
        let key = "runtimes.\(given.name)"
        self = given
        entrypoint =
            given.entrypoint.isEmpty
            ? reader.optionalString("\(key).file") ?? ""
            : reader.string("\(key).file", default: given.entrypoint)
        let none = Build(command: [])
        var build = given.build ?? none
        build.command = reader.list("\(key).build", default: build.command)
        build.flags = reader.list("\(key).flags", default: build.flags)
        build.sourceEndings = reader.list("\(key).sources", default: build.sourceEndings)
        build.allowedArguments = reader.list("\(key).build_args", default: build.allowedArguments)
        build.environment = Self.variables(
            &reader,
            "\(key).build_environment",
            default: build.environment
        )
        self.build = build.command.isEmpty ? nil : build
        run = reader.list("\(key).run", default: run)
        environment = Self.variables(&reader, "\(key).environment", default: environment)
        minimumMemory = reader.bytes("\(key).minimum_memory", default: minimumMemory)
        minimumProcesses = reader.count(
            "\(key).minimum_processes",
            default: minimumProcesses,
            in: 1...1_000_000
        )
        version = reader.list("\(key).version", default: version)
        packages = reader.list("\(key).packages", default: packages)
        for (name, command) in [("build", build.command), ("run", run), ("version", version)] {
            if let first = command.first, !first.hasPrefix("/") {
                reader.refuse(
                    "\(key).\(name)",
                    "begins with \"\(first)\", expected an absolute path"
                )
            }
        }
    }

    private static func variables(
        _ reader: inout SettingsReader,
        _ section: String,
        default fallback: [String: String]
    ) -> [String: String] {
        var variables = fallback
        for key in Set(fallback.keys.map { "\(section).\($0)" } + reader.keys(below: section)) {
            let name = String(key.dropFirst(section.count + 1))
            variables[name] = reader.string(key, default: fallback[name] ?? "")
        }
        return variables
    }
}
