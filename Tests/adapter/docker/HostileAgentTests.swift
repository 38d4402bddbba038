import Foundation
import SandboxFixture
import SandboxProtocol
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// An agent that was taken over can send whatever it likes.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct HostileAgentTests {
    private static let ready = Report.ready(version: FrameLimits.protocolVersion)

    @Test func bytesThatAreNoFramesAreALostSandbox() async throws {
        let error = try await startError("say(b'HTTP/1.1 200 OK')")
        #expect(error?.code == .sandboxLost)
    }

    @Test func frameOfTwoGigabytesIsNotWaitedFor() async throws {
        let error = try await startError("say(bytes([0, 0, 0, 128, 1]))\nwait()")
        #expect(error?.code == .sandboxLost)
    }

    @Test func agentThatEndsIsALostSandbox() async throws {
        let error = try await startError("")
        #expect(error?.code == .sandboxLost)
    }

    @Test func agentOfAnotherVersionIsRefused() async throws {
        let error = try await startError(say(.ready(version: 99)))
        #expect(error?.code == .engineRefused)
    }

    @Test func floodOfDiagnosticsIsBounded() async throws {
        let flood = "for _ in range(1000): os.write(2, b'x' * 65536)\n"
        let code = flood + say(Self.ready) + "\nwait()"
        try await TestEngine.withAgent(code) { image in
            try await TestEngine.withSandbox(TestEngine.specification(image: image)) { _ in }
        }
    }

    @Test(
        arguments: [
            [.finished(.clean)],
            [.output(.stdout, [UInt8](repeating: 1, count: 2_000))],
            [.file(path: Array("../../x".utf8), size: 1)],
            [ready],
        ] as [[Report]]
    )
    func lieDuringARunIsALostSandbox(reports: [Report]) async throws {
        var limits = Limits.generous
        limits.stdout = .kibibytes(1)
        let error = try await runError(reports.map(say).joined(separator: "\n"), limits)
        #expect(error?.code == .sandboxLost)
    }

    @Test func silentAgentIsGivenUp() async throws {
        var limits = Limits.generous
        limits.wall = .milliseconds(1)
        #expect(try await runError("", limits)?.code == .sandboxLost)
    }

    @Test func agentThatSendsLittleAtATimeIsGivenUp() async throws {
        var limits = Limits.generous
        limits.wall = .milliseconds(1)
        let trickle = "import time\nwhile True:\n time.sleep(1)\n "
        let code = trickle + say(.output(.stdout, [0]))
        #expect(try await runError(code, limits)?.code == .sandboxLost)
    }

    /// Python that sends a report.
    private func say(_ report: Report) -> String {
        "say(bytes(\(report.encode())))"
    }

    private func startError(_ code: String) async throws -> SandboxError? {
        try await TestEngine.withAgent(code) { image in
            await #expect(throws: SandboxError.self) {
                _ = try await TestEngine.engine().start(TestEngine.specification(image: image))
            }
        }
    }

    /// How a run ends when the agent is ready, and then does `code`.
    private func runError(_ code: String, _ limits: Limits) async throws -> SandboxError? {
        let code = say(Self.ready) + "\nhear()\n" + code + "\nwait()"
        return try await TestEngine.withAgent(code) { image in
            let sandbox = try await TestEngine.engine().start(
                TestEngine.specification(image: image)
            )
            let error = await #expect(throws: SandboxError.self) {
                _ = try await sandbox.python("print(1)", limits: limits)
            }
            await sandbox.destroy()
            return error
        }
    }
}

extension TestEngine {
    /// Gives `body` an image whose agent is this Python code.
    static func withAgent<Result>(
        _ code: String,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let prelude = """
            import os
            def say(data):
                while data: data = data[os.write(1, data):]
            def hear(): os.read(0, 1)
            def wait():
                while os.read(0, 65536): pass

            """
        let command = ["/usr/bin/python3", "-c", prelude + code]
        let entrypoint = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
        let container = try docker("create", "--network", "none", image)
        let change = "ENTRYPOINT \(entrypoint)"
        let agent = try docker("commit", "--change", change, container)
        try docker("rm", container)
        do {
            let result = try await body(agent)
            try docker("rmi", "--force", agent)
            return result
        } catch {
            try docker("rmi", "--force", agent)
            throw error
        }
    }
}
