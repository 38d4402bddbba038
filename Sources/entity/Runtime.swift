/// What runs the programs of one language.
///
/// This is the one table of them: what the sandbox's agent is told of a program's start comes from
/// here, and `sandbox-image/build` knows which packages each of them needs.
public struct Runtime: Equatable, Sendable {
    /// How its programs are started.
    public enum Start: Equatable, Sendable {
        /// By a copy of an interpreter that is warm already.
        case warm
        /// By an interpreter that reads the entrypoint.
        case interpreter(Interpreter)
        /// By themselves, once a compiler has built them.
        case compiler(Compiler)
    }

    /// Reads and runs programs.
    public struct Interpreter: Equatable, Sendable {
        /// What is executed.
        public let path: String
        /// The option that takes how many mebibytes it may fill before it gives up by itself.
        public let memoryOption: String?

        /// The command that runs `entrypoint`, to which the program's arguments are added.
        ///
        /// The kernel's word is what tells that the memory limit was reached, so the interpreter
        /// is told to give up no earlier.
        public func command(entrypoint: String, memory: ByteCount) -> [String] {
            let options = memoryOption.map { ["\($0)\(max(memory.bytes >> 20, 1))"] } ?? []
            return [path] + options + [Runtime.argument(entrypoint)]
        }
    }

    /// Makes programs of their source.
    public struct Compiler: Equatable, Sendable {
        /// What is executed.
        public let path: String
        /// The language as the compiler calls it.
        public let language: String
        /// Its options.
        public var flags: [String]
        /// How long one build may take.
        public var wall = Duration.seconds(30)
        /// User and system time of one build.
        public var cpu = Duration.seconds(20)

        /// The command that builds `source` and leaves the program at the path `product`.
        public func command(source: String, product: String) -> [String] {
            [path, "-x", language] + flags + ["-o", product, Runtime.argument(source), "-lm"]
        }
    }

    /// Its name in requests and in the configuration.
    public let name: String
    /// What the names of its programs end in, behind the point.
    public let fileExtension: String
    /// How its programs are started.
    public var start: Start

    /// The file that is started when a request names none.
    public var entrypoint: String { "main.\(fileExtension)" }

    /// The file that must be there to run its programs; nil for the warm interpreter.
    public var executable: String? {
        switch start {
        case .warm: nil
        case .interpreter(let interpreter): interpreter.path
        case .compiler(let compiler): compiler.path
        }
    }

    /// What builds its programs; nil where nothing is built.
    public var compiler: Compiler? {
        if case .compiler(let compiler) = start { compiler } else { nil }
    }

    /// A path as an argument that is no option, whatever it begins with; also no `@file`, from
    /// which a compiler would read options.
    public static func argument(_ path: String) -> String {
        switch path.utf8.first {
        case UInt8(ascii: "-"), UInt8(ascii: "@"): "./\(path)"
        default: path
        }
    }
}

extension Runtime {
    /// Python, in a copy of the warm interpreter.
    public static let python = Runtime(name: "python", fileExtension: "py", start: .warm)

    /// The POSIX shell.
    public static let sh = Runtime(
        name: "sh",
        fileExtension: "sh",
        start: .interpreter(Interpreter(path: "/bin/sh", memoryOption: nil))
    )

    /// JavaScript.
    public static let node = Runtime(
        name: "node",
        fileExtension: "js",
        start: .interpreter(
            Interpreter(path: "/usr/bin/node", memoryOption: "--max-old-space-size=")
        )
    )

    /// C, built by gcc.
    public static let c = Runtime(
        name: "c",
        fileExtension: "c",
        start: .compiler(
            Compiler(path: "/usr/bin/gcc", language: "c", flags: ["-O2", "-std=gnu17"])
        )
    )

    /// C++, built by g++.
    public static let cpp = Runtime(
        name: "cpp",
        fileExtension: "cpp",
        start: .compiler(
            Compiler(path: "/usr/bin/g++", language: "c++", flags: ["-O2", "-std=gnu++20"])
        )
    )

    /// All there are.
    public static let all = [python, sh, node, c, cpp]

    /// The one with this name.
    public static func named(_ name: String) -> Runtime? {
        all.first { $0.name == name }
    }

    /// The one whose programs are called so.
    public static func ofFile(_ path: String) -> Runtime? {
        all.first { path.hasSuffix(".\($0.fileExtension)") }
    }
}
