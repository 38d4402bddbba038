import Foundation
import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// The warm interpreter ends as `python3 main.py` does: `endings.txt` has a program for each way to end.
///
/// Not in it is what differs on purpose, see ``memoryErrorEndsAtTheLimit()``, and what only shows when
/// an interpreter is already taken apart: source lines in the traceback of a last finalizer, how often
/// the garbage collector runs at the end, and frames below the main module in what faulthandler prints.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct InterpreterEndTests {
    private static func withSandbox(_ body: (any Sandbox) async throws -> Void) async throws {
        try await TestEngine.withSandbox(
            TestEngine.specification(runtimes: [.python, .sh], memory: limits.memory),
            body
        )
    }

    private static let limits: Limits = {
        var limits = Limits.generous
        limits.memory = .mebibytes(128)
        return limits
    }()

    private static func endings() throws -> [(name: String, source: String)] {
        let file = try #require(Bundle.module.url(forResource: "endings", withExtension: "txt"))
        let text = try String(contentsOf: file, encoding: .utf8)
        // Line by line by its bytes: to Swift \r\n is one character.
        var endings: [(name: String, source: String)] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        {
            let line = String(decoding: line, as: UTF8.self)
            if line.utf8.starts(with: "#### ".utf8) {
                endings.append((String(line.dropFirst(5)), ""))
            } else {
                endings[endings.count - 1].source += line + "\n"
            }
        }
        return endings
    }

    @Test func endingsAreThoseOfPython3() async throws {
        let endings = try Self.endings()
        try #require(endings.count >= 150)
        try await Self.withSandbox { sandbox in
            for (name, source) in endings {
                let expected = try await Self.runByPython3(source, in: sandbox)
                let found = Ending(try await sandbox.python(source, limits: Self.limits))
                #expect(found == expected, "\(name)")
            }
        }
    }

    @Test func limitOfItsOwnEndsAsWithPython3AndNeverWithSuccess() async throws {
        let source = """
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20))
            x = bytearray(1 << 30)
            """
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.python(source, limits: Self.limits)
            #expect(result.report?.exit.status == .code(1))
            #expect(result.report?.exit.oomKills == 0)
        }
    }

    @Test func memoryErrorEndsAtTheLimit() async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.python("x = bytearray(1 << 50)", limits: Self.limits)
            #expect(result.errors.hasSuffix("MemoryError\n"))
            #expect(result.report?.exit.status == .signal(9))
            #expect((result.report?.exit.oomKills ?? 0) > 0)
        }
    }

    private struct Ending: Equatable, CustomStringConvertible {
        let status: ProgramExit.Status?
        let stdout: String
        let stderr: String

        /// Leaves out what is never twice the same: addresses, and how many references are held.
        init(_ result: Collected) {
            status = result.report?.exit.status
            stdout = result.text.replacing(/0x[0-9a-f]+/, with: "0x")
            stderr = result.errors.replacing(/0x[0-9a-f]+/, with: "0x")
                .replacing(/refcount : \d+/, with: "refcount")
        }

        var description: String {
            "\(String(describing: status)), \(stdout.debugDescription), \(stderr.debugDescription)"
        }
    }

    private static func runByPython3(
        _ source: String,
        in sandbox: any Sandbox
    ) async throws -> Ending {
        Ending(
            try await sandbox.run(
                "exec /usr/bin/python3 -B main.py",
                by: .sh,
                files: [Program.InputFile(path: "main.py", content: Array(source.utf8))],
                limits: limits
            )
        )
    }
}
