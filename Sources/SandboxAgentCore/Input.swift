internal import Glibc
internal import SandboxProtocol

/// The input of a run on its way from the worker: its files go to disk as they come, its standard
/// input into memory, or into a file without a name when it is large.
///
/// What was announced is always taken in, even when it cannot be kept.
struct Input: ~Copyable {
    /// Standard input up to this size is held in memory.
    private static let memoryLimit: UInt64 = 64 << 10

    /// The marks of the files written so far, by path.
    private(set) var marks: [[UInt8]: FileMark] = [:]

    private let workingDirectory: WorkingDirectory
    private let files: [Run.InputFile]
    private let owner: uid_t
    private var stdin: StandardInput
    private var failure: SystemError?
    private var awaited: UInt64
    private var next = 0
    private var file = Descriptor()
    private var missing: UInt64 = 0

    /// Is about to take the input of `run`; its files will belong to `owner`.
    init(of run: Run, in workingDirectory: WorkingDirectory, owner: uid_t) {
        self.workingDirectory = workingDirectory
        self.owner = owner
        files = run.files
        awaited = files.reduce(run.stdinSize) { $0 &+ $1.size }
        do throws(SystemError) {
            let isLarge = run.stdinSize > Self.memoryLimit
            let spool = isLarge ? try workingDirectory.createSpool() : Descriptor()
            stdin = StandardInput(size: run.stdinSize, spool: spool)
        } catch {
            stdin = StandardInput(size: 0, spool: Descriptor())
            failure = error
        }
        receive([])
    }

    /// Whether everything that was announced has come.
    var isComplete: Bool { awaited == 0 }

    /// Takes the next bytes.
    mutating func receive(_ bytes: [UInt8]) {
        guard bytes.count <= awaited else { fail("the worker sent more input than it announced") }
        awaited -= UInt64(bytes.count)
        guard failure == nil else { return }
        do throws(SystemError) {
            try keep(bytes)
        } catch {
            failure = error
        }
    }

    /// Gives up the run: what is still to come is not kept.
    mutating func cancel() {
        failure = SystemError("start", code: ECANCELED)
    }

    /// Ends the intake and hands out the standard input.
    consuming func takeStandardInput() throws(SystemError) -> StandardInput {
        if let failure { throw failure }
        return stdin
    }

    private mutating func keep(_ bytes: [UInt8]) throws(SystemError) {
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
