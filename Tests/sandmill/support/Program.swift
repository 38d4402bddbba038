import Foundation
import Glibc
import Synchronization
import Testing

/// A program that a test started; it is killed with the last that holds it.
final class Program: Sendable {
    let output: Lines
    let errors: Lines
    private let process = Process()
    private let input = Pipe()
    private let exits: AsyncStream<Int>

    init(
        _ executable: URL,
        _ arguments: [String],
        in directory: URL,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let (outputPipe, errorPipe) = (Pipe(), Pipe())
        let (exits, exit) = AsyncStream<Int>.makeStream()
        self.exits = exits
        output = Lines(outputPipe.fileHandleForReading)
        errors = Lines(errorPipe.fileHandleForReading)
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = environment
        process.standardInput = input
        process.standardOutput = outputPipe
        process.standardError = errorPipe
        process.terminationHandler = { process in
            let status = Int(process.terminationStatus)
            exit.yield(process.terminationReason == .exit ? status : -status)
            exit.finish()
        }
        try process.run()
    }

    deinit {
        kill()
        // Foundation leaks a process, and with it the pipe.
        try? input.fileHandleForWriting.close()
    }

    /// A script of the folder `clients`, run by the system's Python.
    static func client(_ script: String, _ arguments: String...) throws -> Program {
        try self.script(script, arguments)
    }

    /// A script of the folder `clients`, run by the system's Python.
    static func script(_ script: String, _ arguments: [String]) throws -> Program {
        let file = Bundle.module.url(
            forResource: script,
            withExtension: "py",
            subdirectory: "clients"
        )
        return try Program(
            URL(filePath: "/usr/bin/python3"),
            [try #require(file).path()] + arguments,
            in: .temporaryDirectory
        )
    }

    /// Writes a line to its standard input.
    func write(_ line: String) throws {
        try #require(process.isRunning, "it has ended: \(errors.text)")
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// Ends its standard input.
    func finishInput() throws {
        try input.fileHandleForWriting.close()
    }

    /// Its process id.
    var identifier: Int32 { process.processIdentifier }

    /// Sends a signal, if it still runs.
    func send(_ signal: CInt) {
        if process.isRunning { Glibc.kill(process.processIdentifier, signal) }
    }

    /// Kills it as the kernel would.
    func kill() {
        send(SIGKILL)
    }

    /// Waits for its end, once: its exit code, or the signal that killed it, negative.
    func exitCode() async throws -> Int {
        let code = await exits.first { _ in true }
        return try #require(code, "the wait was cancelled")
    }

    /// The next line that it prints, as JSON.
    func answer() async throws -> JSON {
        let line = await output.next()
        return try JSON(try #require(line, "it prints nothing more: \(errors.text)"))
    }

    /// Writes a line of JSON and reads one.
    func ask(_ question: JSON) async throws -> JSON {
        try write(try question.line)
        let answer = try await answer()
        try #require(answer["error"] == .null, "\(question) failed: \(answer)")
        return answer
    }
}

/// What a program writes, line by line; one task reads.
final class Lines: Sendable {
    private struct State {
        var received = Data()
        var unfinished = Data()
    }

    private let state = Mutex(State())
    private let lines: AsyncStream<String>

    init(_ file: FileHandle) {
        let (lines, line) = AsyncStream<String>.makeStream()
        self.lines = lines
        // A thread of its own: the handlers that Foundation calls lose the end of short output.
        Thread.detachNewThread {
            while case let data = file.availableData, !data.isEmpty {
                for complete in self.take(data) { line.yield(complete) }
            }
            line.finish()
            try? file.close()
        }
    }

    /// Everything so far.
    var text: String {
        state.withLock { String(decoding: $0.received, as: UTF8.self) }
    }

    /// The next line; nil at the end.
    func next() async -> String? {
        await lines.first { _ in true }
    }

    /// Skips lines until one has `text` in it.
    func skip(to text: String) async throws {
        let line = await lines.first { $0.contains(text) }
        try #require(line != nil, "it never says \(text): \(self.text)")
    }

    private func take(_ data: Data) -> [String] {
        state.withLock { state in
            state.received += data
            state.unfinished += data
            let lines = state.unfinished.split(
                separator: UInt8(ascii: "\n"),
                omittingEmptySubsequences: false
            )
            state.unfinished = Data(lines.last ?? Data())
            return lines.dropLast().map { String(decoding: $0, as: UTF8.self) }
        }
    }
}
