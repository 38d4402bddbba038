import Foundation
import SandboxFixture
import SandmillService
import Testing

/// What no program can leave behind, and the reset does not remove, is put into the sandbox from
/// outside: the proof must find it.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct ResetProofTests {
    /// A thing that is not there in a new sandbox, and how it gets there.
    struct Leftover: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The namespace of the sandbox that is entered, as nsenter(1) names it; nil for all, and its
        /// control group.
        let namespace: String?
        /// Python that makes it, and is kept alive until the sandbox has run a program.
        let source: String
    }

    private static let leftovers = [
        Leftover(
            testDescription: "a process",
            namespace: nil,
            source: ""
        ),
        Leftover(
            testDescription: "a System V shared memory segment",
            namespace: "--ipc",
            source: "assert libc.shmget(7, 4096, 0o1666) >= 0"
        ),
        Leftover(
            testDescription: "a System V semaphore set",
            namespace: "--ipc",
            source: "assert libc.semget(7, 1, 0o1666) >= 0"
        ),
        Leftover(
            testDescription: "a System V message queue",
            namespace: "--ipc",
            source: "assert libc.msgget(7, 0o1666) >= 0"
        ),
        Leftover(
            testDescription: "a UDP socket",
            namespace: "--net",
            source: "kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ),
        Leftover(
            testDescription: "a unix socket with an abstract name",
            namespace: "--net",
            source: "kept = socket.socket(socket.AF_UNIX); kept.bind('\\0left')"
        ),
        Leftover(
            testDescription: "a mount",
            namespace: "--mount",
            source: "assert libc.mount(b'none', b'/work', b'tmpfs', 0, b'size=4k') == 0"
        ),
        Leftover(
            testDescription: "a file without a name",
            namespace: "--mount",
            source: "kept = os.open('/tmp', os.O_TMPFILE | os.O_RDWR); os.write(kept, b'left')"
        ),
        Leftover(
            testDescription: "a file that cannot be removed",
            namespace: "--mount",
            source: """
                kept = os.open('/tmp/left', os.O_CREAT | os.O_RDWR)
                # FS_IOC_SETFLAGS, FS_IMMUTABLE_FL
                fcntl.ioctl(kept, 0x40086602, struct.pack('l', 0x10))
                """
        ),
    ]

    @Test(arguments: leftovers)
    func sandboxWithALeftoverIsNotClean(_ leftover: Leftover) async throws {
        try await TestEngine.withSandbox { sandbox in
            #expect(try await sandbox.python("print(1)").report?.isClean == true)
            let planted = try Planted(leftover, in: sandbox.id)
            defer { planted.remove() }
            #expect(try await sandbox.python("print(2)").report?.isClean == false)
            // It stays so, also when what was left is gone.
            planted.remove()
            await #expect(throws: SandboxError.self) { try await sandbox.python("print(3)") }
        }
    }
}

/// A process that holds a leftover in a sandbox's namespaces.
private final class Planted {
    private let process = Process()
    private let input = Pipe()

    init(_ leftover: ResetProofTests.Leftover, in container: String) throws {
        let python = """
            import ctypes, fcntl, os, socket, struct, sys
            libc = ctypes.CDLL(None)
            \(leftover.source)
            print("planted", flush=True)
            sys.stdin.read()
            """
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            try Self.enter(leftover.namespace, of: container)
            + ["/usr/bin/python3", "-c", python]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let said = try output.fileHandleForReading.read(upToCount: 7)
        try #require(said.map { String(decoding: $0, as: UTF8.self) } == "planted")
    }

    /// The command that runs another in a sandbox.
    private static func enter(
        _ namespace: String?,
        of container: String
    ) throws -> [String] {
        guard let namespace else {
            return ["docker", "--host", try TestEngine.url(), "exec", "--interactive", container]
        }
        let pid = try TestEngine.docker("inspect", "--format", "{{.State.Pid}}", container)
        let asRoot = geteuid() == 0 ? [] : ["sudo", "-n"]
        return asRoot + ["nsenter", "--target", pid, namespace]
    }

    /// Ends the process that holds it.
    func remove() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
