/// What runs the programs of one language: data, which the configuration may change and add to.
///
/// Commands are argument lists, never a shell's text. In an element of one, `{entrypoint}` stands for the
/// path of the file that is started, `{name}` for its name without directories and extension,
/// `{program}` for the path of what was built, and `{memory_mib}` for the memory limit. The elements
/// `{flags}`, `{sources}` and `{build_args}` stand for any number of arguments.
public struct Runtime: Equatable, Sendable {
    /// How its programs are built from their sources before they start.
    public struct Build: Equatable, Sendable {
        /// What is executed, which leaves the program at `{program}`.
        public var command: [String]
        /// What `{flags}` stands for.
        public var flags: [String]
        /// The endings of names: every file of a program that has one of them is among its `{sources}`.
        public var sourceEndings: [String]
        /// What a request may ask for as `build_args`: arguments, or with a `*` behind, beginnings of some.
        public var allowedArguments: [String]
        /// Variables of the compiler, on top of those that every program has.
        public var environment: [String: String]
        /// How long one build may take.
        public var wall = Duration.seconds(30)
        /// User and system time of one build.
        public var cpu = Duration.seconds(20)
        /// Memory of one build, and of the files it writes.
        public var memory = ByteCount.mebibytes(1_024)

        /// Describes how programs are built, within the usual limits.
        public init(
            command: [String],
            flags: [String] = [],
            sourceEndings: [String] = [],
            allowedArguments: [String] = [],
            environment: [String: String] = [:]
        ) {
            self.command = command
            self.flags = flags
            self.sourceEndings = sourceEndings
            self.allowedArguments = allowedArguments
            self.environment = environment
        }

        /// Whether a request may ask for an argument.
        public func allows(_ argument: String) -> Bool {
            allowedArguments.contains { pattern in
                pattern.hasSuffix("*")
                    ? argument.hasPrefix(pattern.dropLast()) : argument == pattern
            }
        }
    }

    /// Its name in requests and in the configuration.
    public var name: String
    /// The file that is started when a request names none; what ends as it does is taken for its program.
    public var entrypoint: String
    /// How its programs are built; nil where nothing is.
    public var build: Build?
    /// What is executed to run a program, before the program's own arguments; empty for a program that
    /// is executed itself once it is built, and for the warm interpreter.
    public var run: [String]
    /// Variables of its programs, on top of those that every program has.
    public var environment: [String: String]
    /// The least memory that a program of it starts with.
    public var minimumMemory: ByteCount
    /// The fewest processes and threads that it needs.
    public var minimumProcesses: Int
    /// What is executed to find its version.
    public var version: [String]
    /// The packages of Debian that an image needs for it.
    public var packages: [String]

    /// Describes a runtime.
    public init(
        name: String,
        entrypoint: String,
        build: Build? = nil,
        run: [String] = [],
        environment: [String: String] = [:],
        minimumMemory: ByteCount = ByteCount(1),
        minimumProcesses: Int = 1,
        version: [String],
        packages: [String]
    ) {
        self.name = name
        self.entrypoint = entrypoint
        self.build = build
        self.run = run
        self.environment = environment
        self.minimumMemory = minimumMemory
        self.minimumProcesses = minimumProcesses
        self.version = version
        self.packages = packages
    }

    /// Whether its programs run in copies of the interpreter that is kept warm.
    public var isWarm: Bool { build == nil && run.isEmpty }

    /// What the names of its programs end in, with the point.
    public var fileEnding: String {
        entrypoint.lastIndex(of: ".").map { String(entrypoint[$0...]) } ?? ""
    }

    /// The files that must be there to build and run its programs; none for the warm interpreter.
    public var executables: [String] { [build?.command.first, run.first].compactMap(\.self) }

    /// Whether a text can be the name of one.
    public static func isValid(name: String) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = name.utf8.first, letters.contains(first), name.utf8.count <= 32 else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            letters.contains(byte) || digits.contains(byte) || byte == UInt8(ascii: "_")
        }
    }

    /// What a name has to be, for whoever gave another.
    public static let nameRule = "a lower-case letter and at most 31 more, digits or underscores"
}

extension Program {
    /// The command that builds it and leaves what it made at the path `product`; nil if nothing is built.
    public func buildCommand(product: String) -> [String]? {
        guard let build = runtime.build else { return nil }
        return build.command.flatMap { element in
            switch element {
            case "{flags}": build.flags
            case "{sources}": sources.map(Self.argument)
            case "{build_args}": buildArguments
            default: [expanded(element, product: product)]
            }
        }
    }

    /// The command that runs it, to which its arguments are added; `product` is what was built.
    ///
    /// The kernel's word is what tells that the memory limit was reached. So whatever has a limit of its
    /// own is told to give up no earlier.
    public func runCommand(product: String) -> [String] {
        runtime.run.map { expanded($0, product: product) }
    }

    /// The files that are built: the entrypoint, and in the order of their paths all others that end as
    /// sources do, but for those that another file includes by name.
    var sources: [String] {
        let endings = runtime.build?.sourceEndings ?? []
        let others = files.filter { file in
            file.path != entrypoint && endings.contains { file.path.hasSuffix($0) }
        }
        let included = others.isEmpty ? [] : includedNames
        return [entrypoint]
            + others.map(\.path).filter { !included.contains(Self.fileName(of: $0)) }.sorted()
    }

    /// The names, without directories, in all `#include "…"` of its files.
    private var includedNames: Set<String> {
        var names: Set<String> = []
        for file in files {
            for line in file.content.split(separator: UInt8(ascii: "\n")) {
                let words = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                guard words.first == UInt8(ascii: "#") else { continue }
                let parts = words.split(separator: UInt8(ascii: "\""), maxSplits: 2)
                let head = String(decoding: parts[0].dropFirst(), as: UTF8.self)
                guard parts.count > 1, head.filter({ $0 != " " && $0 != "\t" }) == "include" else {
                    continue
                }
                names.insert(Self.fileName(of: String(decoding: parts[1], as: UTF8.self)))
            }
        }
        return names
    }

    private func expanded(_ element: String, product: String) -> String {
        guard element.utf8.contains(UInt8(ascii: "{")) else { return element }
        let name = Self.fileName(of: entrypoint)
        return
            element
            .replacing("{memory_mib}", with: "\(max(limits.memory.bytes >> 20, 1))")
            .replacing("{program}", with: product)
            .replacing("{name}", with: name.prefix { $0 != "." })
            .replacing("{entrypoint}", with: Self.argument(entrypoint))
    }

    private static func fileName(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// A path as an argument that is no option, whatever it begins with; also no `@file`, from
    /// which a compiler would read options.
    private static func argument(_ path: String) -> String {
        switch path.utf8.first {
        case UInt8(ascii: "-"), UInt8(ascii: "@"): "./\(path)"
        default: path
        }
    }
}
