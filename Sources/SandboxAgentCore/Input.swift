internal import Glibc
internal import SandboxProtocol

/// The input of a run on its way from the worker: its files go to disk as they come, its standard
/// input into memory, or into a file when it is large.
struct Input: ~Copyable {
    /// Standard input up to this size is held in memory.
    static let memoryLimit: UInt64 = 64 << 10

    /// The marks of the files written so far, by path.
    private(set) var marks: [[UInt8]: FileMark] = [:]

    private let workingDirectory: WorkingDirectory
    private let files: [Run.InputFile]
    private let owner: uid_t
    private var stdin: StandardInput
    private var next = 0
    private var file = Descriptor()
    private var missing: UInt64 = 0

    /// Is about to take the input of `run`; its files will belong to `owner`.
    init(
        of run: Run,
        in workingDirectory: WorkingDirectory,
        owner: uid_t
    ) throws(SystemError) {
        let isLarge = run.stdinSize > Self.memoryLimit
        let spool = isLarge ? try workingDirectory.createSpool() : Descriptor()
        self.workingDirectory = workingDirectory
        files = run.files
        self.owner = owner
        stdin = StandardInput(size: run.stdinSize, spool: spool)
    }

    /// Whether everything that was announced is there.
    var isComplete: Bool { next == files.count && !file.isOpen && stdin.isComplete }

    /// Takes the next bytes of the input, none at first; more than was announced is an error.
    mutating func append(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        try finishFiles()
        while missing > 0, !rest.isEmpty {
            let part = rest.prefix(Int(min(missing, UInt64(rest.count))))
            try file.writeAll(part)
            missing -= UInt64(part.count)
            rest = rest[part.endIndex...]
            try finishFiles()
        }
        try stdin.append(rest)
    }

    /// Ends the intake and hands out the standard input.
    consuming func takeStandardInput() -> StandardInput { stdin }

    /// Closes the current file if it has all its bytes, and goes on to the next that lacks some.
    private mutating func finishFiles() throws(SystemError) {
        while missing == 0 {
            if file.isOpen {
                marks[Array(files[next - 1].path.utf8)] = try FileMark(marking: file)
                file.close()
            }
            guard next < files.count else { return }
            file = try workingDirectory.create(files[next].path, owner: owner)
            missing = files[next].size
            next += 1
        }
    }
}
