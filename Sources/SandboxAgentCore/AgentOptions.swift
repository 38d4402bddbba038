internal import Glibc

/// What the agent is told on its command line.
public struct AgentOptions: Equatable {
    /// What runs programs of one language, and the file that must be there for it.
    public struct Runtime: Equatable {
        /// Its name.
        public let name: String
        /// The path of what is executed; nil for the warm interpreter.
        public let executable: String?
    }

    /// The interpreter that is kept warm.
    public var python = "/usr/bin/python3"
    /// What the interpreter runs to be warm.
    public var script = "/usr/lib/sandmill/warm.py"
    /// The modules it imports before the first program.
    public var modules = ["json", "math", "random", "re", "collections", "itertools", "datetime"]
    /// What programs may be written in.
    public var runtimes: [Runtime] = []

    /// How the agent is called.
    public static let usage = """
        usage: sandbox-agent [--runtime NAME[=EXECUTABLE]]... [--python PATH] [--script PATH]
            [--preload MODULE,...]
        """

    /// Reads what ``usage`` says; nil if there is anything else.
    ///
    /// Without a runtime there is the interpreter.
    public init?(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let option = rest.next() {
            guard let value = rest.next() else { return nil }
            switch option {
            case "--python": python = value
            case "--script": script = value
            case "--preload": modules = value.split(separator: ",").map(String.init)
            case "--runtime": runtimes.append(Runtime(value))
            default: return nil
            }
        }
        if runtimes.isEmpty { runtimes = [Runtime("python")] }
    }

    /// Whether a runtime is the warm interpreter.
    var needsInterpreter: Bool { runtimes.contains { $0.executable == nil } }

    /// Whether a runtime executes a file.
    var needsLauncher: Bool { runtimes.contains { $0.executable != nil } }

    /// Checks that everything the runtimes need is there.
    func checkExecutables() throws(SystemError) {
        for runtime in runtimes {
            let path = runtime.executable ?? python
            guard unsafe access(path, X_OK) == 0 else {
                throw SystemError("the image lacks the runtime \(runtime.name), \(path)")
            }
        }
    }
}

extension AgentOptions.Runtime {
    fileprivate init(_ argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        executable = parts.count == 2 ? String(parts[1]) : nil
    }
}
