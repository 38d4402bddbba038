import FoundationEssentials
import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)), .serialized)
struct DockerSandboxTests {
    private func program(_ source: String) -> Program {
        Program(
            runtime: .python,
            files: [Program.InputFile(path: "main.py", content: Array(source.utf8))],
            entrypoint: "main.py",
            arguments: [],
            environment: [:],
            stdin: [],
            outputs: [],
            limits: .generous
        )
    }

    @Test func programThatUsedTCPLeavesACleanSandbox() async throws {
        try await TestEngine.withSandbox { sandbox in
            for _ in 0..<3 {
                let result = try await sandbox.python(
                    """
                    import socket
                    server = socket.create_server(("127.0.0.1", 0))
                    client = socket.create_connection(server.getsockname())
                    peer, _ = server.accept()
                    client.close()
                    peer.close()
                    print("closed")
                    """
                )
                #expect(result.text == "closed\n")
                #expect(result.report?.isClean == true)
            }
        }
    }

    @Test func aWorkerThatTakesNoOutputCostsTheProgramNoTimeAndTheAgentNoWork() async throws {
        try await TestEngine.withSandbox { sandbox in
            let agentTicks = "print(sum(map(int, open('/proc/1/stat').read().split()[13:15])))"
            let before = try #require(Int(try await sandbox.python(agentTicks).text.dropLast()))
            var program = program(
                """
                import os
                for _ in range(192): os.write(1, b"x" * 65536)
                """
            )
            program.limits.wall = .seconds(2)
            program.limits.stdout = .mebibytes(32)
            let hold: Duration = .seconds(4)
            let isHeld = Mutex(false)
            let report = try await sandbox.run(program, killsOnExcessOutput: false) { _ in
                let isFirst = isHeld.withLock { isHeld in
                    defer { isHeld = true }
                    return !isHeld
                }
                // A worker whose disk takes nothing for longer than the program may run.
                if isFirst { try await ContinuousClock().sleep(for: hold) }
            }
            #expect(report.exit.status == .code(0))
            #expect(report.exit.killCause == nil)
            #expect(report.exit.stdout == .mebibytes(12))
            #expect(report.exit.wall < .seconds(2))
            // In hundredths of a second; an agent that looks again and again takes all there are.
            let after = try #require(Int(try await sandbox.python(agentTicks).text.dropLast()))
            #expect(after - before < 200)
        }
    }

    @Test func programRunsAndItsOutputComesBack() async throws {
        try await TestEngine.withSandbox { sandbox in
            let result = try await sandbox.python(
                "import sys; print(input()[::-1]); print('oops', file=sys.stderr); sys.exit(7)",
                stdin: Array("olleh\n".utf8)
            )
            #expect(result.text == "hello\n")
            #expect(result.stderr == Array("oops\n".utf8))
            let report = try #require(result.report)
            #expect(report.isClean)
            #expect(report.exit.status == .code(7))
            #expect(report.exit.killCause == nil)
            #expect(report.exit.stdout == ByteCount(6))
        }
    }

    @Test func filesGoInAndComeBack() async throws {
        try await TestEngine.withSandbox { sandbox in
            let content = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
            let result = try await sandbox.python(
                """
                import os
                data = open("data/in", "rb").read()
                os.makedirs("out")
                open("out/reversed", "wb").write(data[::-1])
                os.symlink("/etc/shadow", "link")
                """,
                files: [Program.InputFile(path: "data/in", content: content)]
            )
            #expect(result.files.map(\.path) == ["out/reversed"])
            #expect(result.files.first?.content == content.reversed())
            #expect(result.skipped == ["link": .symlink])
        }
    }

    @Test func programsFollowEachOtherAndFindNothing() async throws {
        try await TestEngine.withSandbox { sandbox in
            for _ in 0..<20 {
                let result = try await sandbox.python(
                    """
                    import os
                    places = ["/work", "/tmp", "/dev/shm"]
                    print([name for place in places for name in os.listdir(place)])
                    for place in places:
                        open(place + "/left", "w").write("here")
                    """
                )
                #expect(result.text == "['main.py']\n")
                #expect(result.report?.isClean == true)
            }
        }
    }

    @Test func eachProgramHasAUserOfItsOwn() async throws {
        try await TestEngine.withSandbox { sandbox in
            var users: Set<String> = []
            for _ in 0..<5 {
                users.insert(try await sandbox.python("import os; print(os.getresuid())").text)
            }
            #expect(users.count == 5)
        }
    }

    /// The best of some runs: what is late in one may be the machine's doing.
    @Test func limitsOfTimeAreMetClosely() async throws {
        try await TestEngine.withSandbox { sandbox in
            var limits = Limits.generous
            limits.wall = .milliseconds(200)
            limits.cpu = .milliseconds(200)
            var wall: [Duration] = []
            var cpu: [Duration] = []
            for _ in 0..<5 {
                let sleeping = try await sandbox.python(
                    "import time; time.sleep(9)",
                    limits: limits
                )
                let ended = try #require(sleeping.report?.exit)
                #expect(ended.killCause == .wallTime)
                wall.append(ended.wall - limits.wall)
                limits.wall = .seconds(9)
                let spun = try await sandbox.python("while True: pass", limits: limits)
                limits.wall = .milliseconds(200)
                let spinning = try #require(spun.report?.exit)
                #expect(spinning.killCause == .cpuTime)
                cpu.append(spinning.cpu - limits.cpu)
            }
            #expect(try #require(wall.min()) <= .milliseconds(100))
            #expect(try #require(cpu.min()) <= .milliseconds(50))
        }
    }

    @Test func limitOfMemoryIsChanged() async throws {
        try await TestEngine.withSandbox { sandbox in
            let greedy = "data = bytearray(100 << 20); print(len(data))"
            let small = try await sandbox.python(greedy)
            #expect(small.report?.exit.status == .signal(9))
            #expect(small.report.map { $0.exit.oomKills > 0 } == true)
            var large = Limits.generous
            large.memory = .mebibytes(192)
            #expect(try await sandbox.python(greedy, limits: large).text == "104857600\n")
        }
    }

    @Test func probeIsAnswered() async throws {
        try await TestEngine.withSandbox { sandbox in
            try await sandbox.probe()
            #expect(try await sandbox.python("print(1)").text == "1\n")
            try await sandbox.probe()
            #expect(!sandbox.isLost)
        }
    }

    @Test func aCancellationKillsTheProgramOfItsExecutionAndNoOther() async throws {
        try await TestEngine.withSandbox { sandbox in
            let (before, now) = (UUID(), UUID())
            _ = try await sandbox.run(
                program("print(1)"),
                of: before,
                killsOnExcessOutput: false
            ) { _ in }
            let cancel = { @Sendable (output: SandboxOutput) async throws in
                await sandbox.cancel(before)
                await sandbox.cancel(before)
            }
            let program = program(
                """
                import sys, time
                print("up", flush=True)
                time.sleep(0.3)
                """
            )
            let spared = try await sandbox.run(
                program,
                of: now,
                killsOnExcessOutput: false,
                receive: cancel
            )
            #expect(spared.exit.status == .code(0))
            let killed = try await sandbox.run(
                self.program("print('up', flush=True)\nimport time; time.sleep(20)"),
                of: now,
                killsOnExcessOutput: false
            ) { _ in await sandbox.cancel(now) }
            #expect(killed.exit.killCause == .cancelled)
            #expect(killed.exit.status == .signal(9))
            #expect(killed.isClean)
        }
    }

    @Test func cancelledRunGivesTheSandboxUp() async throws {
        try await TestEngine.withSandbox { sandbox in
            let run = Task { try await sandbox.python("while True: pass") }
            run.cancel()
            await #expect(throws: SandboxError.self) { _ = try await run.value }
        }
    }

    @Test func receiverThatThrowsEndsTheRunWithItsError() async throws {
        struct Full: Error {}
        let program = program("print(1)")
        try await TestEngine.withSandbox { sandbox in
            await #expect(throws: Full.self) {
                _ = try await sandbox.run(program, killsOnExcessOutput: false) { _ in throw Full() }
            }
        }
    }

    @Test func removedContainerIsALostSandbox() async throws {
        try await TestEngine.withSandbox { sandbox in
            try TestEngine.docker("rm", "--force", sandbox.id)
            let error = await #expect(throws: SandboxError.self) {
                try await sandbox.python("print(1)")
            }
            #expect(error?.code == .sandboxLost)
            #expect(sandbox.isLost)
        }
    }

    @Test func destroyedSandboxIsGone() async throws {
        let sandbox = try await TestEngine.engine().start(TestEngine.specification())
        #expect(try TestEngine.exists(sandbox.id))
        await sandbox.destroy()
        #expect(try !TestEngine.exists(sandbox.id))
        await sandbox.destroy()
    }
}
