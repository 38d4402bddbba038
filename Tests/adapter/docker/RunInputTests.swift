import SandboxFixture
import SandboxProtocol
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillDocker

struct RunInputTests {
    private func program(_ content: [UInt8], stdin: [UInt8] = []) -> Program {
        Program(
            runtime: .python,
            files: [Program.InputFile(path: "main.py", content: content)],
            entrypoint: "main.py",
            arguments: ["a"],
            environment: ["B": "2", "A": "1"],
            stdin: stdin,
            outputs: ["*.csv"],
            limits: .generous
        )
    }

    private func commands(_ input: RunInput) throws -> [Command] {
        var decoder = FrameDecoder()
        var commands: [Command] = []
        for chunk in input {
            decoder.append(chunk)
            while let frame = try decoder.next() { commands.append(try Command(frame)) }
        }
        return commands
    }

    @Test(arguments: [(BuildUse.once, false), (.keep, true)])
    func whatIsBuiltIsKeptWhereItIsToBe(use: BuildUse, isKept: Bool) throws {
        var program = program([])
        program.runtime = .c
        let input = RunInput(program, token: 1, build: use, killsOnExcessOutput: false)
        guard case .run(let run) = try commands(input).first, case .built(let build, _) = run.start
        else { throw FrameError.truncated }
        #expect(build.isKept == isKept)
    }

    @Test(arguments: [(Runtime.c, Run.Start.kept(run: [])), (.python, .warm)])
    func whatIsKeptIsStartedWhereThereIsABuild(runtime: Runtime, start: Run.Start) throws {
        var program = program([])
        program.runtime = runtime
        let input = RunInput(program, token: 1, build: .reuse, killsOnExcessOutput: false)
        guard case .run(let run) = try commands(input).first else { throw FrameError.truncated }
        #expect(run.start == start)
    }

    @Test func smallProgramIsOnePiece() throws {
        let input = RunInput(program(Array("x".utf8)), token: 7, killsOnExcessOutput: true)
        #expect(Array(input).count == 1)
        let commands = try commands(input)
        guard case .run(let run) = commands.first else { throw FrameError.truncated }
        #expect(run.token == 7)
        #expect(run.killsOnExcessOutput)
        #expect(run.environment.map(\.name) == ["A", "B"])
        #expect(run.limits.wallNanoseconds == 20_000_000_000)
        #expect(commands.dropFirst() == [.input(Array("x".utf8))])
    }

    @Test(
        arguments: [
            (.python, "main.py", .warm),
            (.sh, "a.sh", .command(["/bin/sh", "a.sh"])),
            (.sh, "-c", .command(["/bin/sh", "./-c"])),
            (.node, "a.js", .command(["/usr/bin/node", "--max-old-space-size=64", "a.js"])),
            (
                .c, "@a",
                .built(
                    Run.Build(
                        command: [
                            "/usr/bin/gcc", "-x", "c", "-O2", "-std=gnu17", "-o", "/tmp/program",
                            "./@a", "-lm",
                        ],
                        wallNanoseconds: 30_000_000_000,
                        cpuNanoseconds: 20_000_000_000,
                        processes: 8
                    ),
                    run: []
                )
            ),
        ] as [(Runtime, String, Run.Start)]
    )
    func startFollowsTheRuntime(runtime: Runtime, entrypoint: String, start: Run.Start) throws {
        var program = program([])
        program.runtime = runtime
        program.entrypoint = entrypoint
        let input = RunInput(program, token: 1, killsOnExcessOutput: false)
        guard case .run(let run) = try commands(input).first else { throw FrameError.truncated }
        #expect(run.start == start)
    }

    @Test func largeInputIsCutIntoFramesInOrder() throws {
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let stdin = [UInt8](repeating: 9, count: 1_000_000)
        let input = RunInput(program(content, stdin: stdin), token: 1, killsOnExcessOutput: false)
        #expect(Array(input).count > 1)
        let received = try commands(input).dropFirst().flatMap { command -> [UInt8] in
            guard case .input(let bytes) = command else { return [] }
            #expect(bytes.count <= FrameLimits.chunk)
            return bytes
        }
        #expect(received == content + stdin)
    }
}
