import Glibc
import SandboxProtocol
import Testing

@testable import SandboxAgentCore

struct InputTests {
    let directory: TemporaryDirectory
    let workingDirectory: WorkingDirectory

    init() throws {
        directory = try TemporaryDirectory()
        workingDirectory = try WorkingDirectory(path: directory.path)
    }

    @Test(arguments: [1, 2, 3, 100])
    func contentIsCutIntoTheFilesThatWereAnnounced(chunk: Int) throws {
        let files: [(String, UInt64)] = [
            ("empty", 0), ("a/b/main.py", 5), ("a/\u{301}", 0), ("d", 3),
        ]
        let run = Run.sample(files: files, stdin: 2)
        var input = Input(of: run, in: workingDirectory, owner: getuid())
        let bytes = Array("helloabcIN".utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let isComplete = input.isComplete
            #expect(!isComplete)
            input.receive(Array(bytes[start..<min(start + chunk, bytes.count)]))
        }
        let isComplete = input.isComplete
        #expect(isComplete)
        #expect(try content("empty").isEmpty)
        #expect(try content("a/b/main.py") == "hello")
        #expect(try content("a/\u{301}").isEmpty)
        #expect(try content("d") == "abc")
        let marked = Set(input.marks.keys)
        #expect(marked == Set(run.files.map { Array($0.path.utf8) }))
        #expect(try pumped(try input.takeStandardInput()) == Array("IN".utf8))
    }

    @Test func standardInputThatIsLargeComesOutWhole() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 % 253) }
        var input = Input(
            of: .sample(files: [], stdin: UInt64(bytes.count)),
            in: workingDirectory,
            owner: getuid()
        )
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            input.receive(Array(bytes[start..<min(start + 65_536, bytes.count)]))
        }
        #expect(try directory.names().isEmpty)
        #expect(try pumped(try input.takeStandardInput()) == bytes)
    }

    @Test(arguments: ["../x", "a/../../x", "/etc/x", "link/x", "", ".", "a//b", "taken/x"])
    func pathThatLeavesTheDirectoryIsRefused(_ path: String) throws {
        try directory.link("link", to: "/tmp")
        try directory.write("taken")
        let files: [(String, UInt64)] = [(path, 3), ("later", 2)]
        var input = Input(of: .sample(files: files), in: workingDirectory, owner: getuid())
        input.receive(Array("abcde".utf8))
        let isComplete = input.isComplete
        #expect(isComplete)
        do {
            _ = try input.takeStandardInput()
            Issue.record("\(path) was accepted")
        } catch {
            #expect(try directory.names() == ["link", "taken"] || path.hasPrefix("a"))
        }
    }

    @Test func cancelledRunStillTakesItsInput() throws {
        var input = Input(
            of: .sample(files: [("a", 3)], stdin: 2),
            in: workingDirectory,
            owner: getuid()
        )
        input.receive(Array("ab".utf8))
        input.cancel()
        input.receive(Array("cde".utf8))
        let isComplete = input.isComplete
        #expect(isComplete)
        do {
            _ = try input.takeStandardInput()
            Issue.record("a cancelled run was started")
        } catch {
            #expect(error.code == ECANCELED)
        }
    }

    @Test func markTellsAChangeOfTheSameSizeAtOnce() throws {
        var input = Input(of: .sample(files: [("a", 3)]), in: workingDirectory, owner: getuid())
        input.receive(Array("abc".utf8))
        var status = stat()
        unsafe lstat("\(directory.path)/a", &status)
        let mark = input.marks[Array("a".utf8)]
        #expect(mark == FileMark(status))
        try directory.write("a", "xyz")
        unsafe lstat("\(directory.path)/a", &status)
        #expect(mark != FileMark(status))
    }

    @Test func timeBefore1970IsATimeLikeAnyOther() {
        var status = stat()
        status.st_mtim = timespec(tv_sec: -5, tv_nsec: 1)
        #expect(FileMark(status) == FileMark(status))
    }

    private func content(_ path: String) throws -> String {
        let file = try Descriptor(opening: "\(directory.path)/\(path)", O_RDONLY)
        guard case .bytes(let bytes) = file.read() else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Feeds a pipe, which is full again and again, and reads what comes out.
    private func pumped(_ stdin: consuming StandardInput) throws -> [UInt8] {
        let pipe = try Pipe()
        try pipe.writeEnd.makeNonBlocking()
        try pipe.readEnd.makeNonBlocking()
        var received: [UInt8] = []
        var isDone = false
        while true {
            isDone = isDone || stdin.pump(into: pipe.writeEnd)
            guard case .bytes(let bytes) = pipe.readEnd.read() else { return received }
            received += bytes
        }
    }
}

extension Run {
    /// A run with these files and as many bytes of standard input.
    static func sample(
        files: [(path: String, size: UInt64)] = [],
        stdin: UInt64 = 0,
        outputs: [[String]] = [],
        outputBytes: UInt64 = 1 << 20,
        outputFiles: UInt32 = 100
    ) -> Run {
        Run(
            token: 1,
            start: .warm,
            entrypoint: "main.py",
            arguments: [],
            environment: [],
            files: files.map { InputFile(path: $0.path, size: $0.size) },
            stdinSize: stdin,
            outputs: outputs,
            limits: Limits(
                wallNanoseconds: 1,
                cpuNanoseconds: 1,
                processes: 1,
                stackBytes: 1,
                stdoutBytes: 1,
                stderrBytes: 1,
                outputBytes: outputBytes,
                outputFiles: outputFiles
            ),
            killsOnExcessOutput: false
        )
    }
}
