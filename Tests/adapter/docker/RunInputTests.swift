import SandboxProtocol
import SandmillEntity
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
        for chunk in input.chunks {
            decoder.append(chunk)
            while let frame = try decoder.next() { commands.append(try Command(frame)) }
        }
        return commands
    }

    @Test func smallProgramIsOnePiece() throws {
        let input = RunInput(program(Array("x".utf8)), token: 7, killsOnExcessOutput: true)
        #expect(input.chunks.count == 1)
        let commands = try commands(input)
        guard case .run(let run) = commands.first else { throw FrameError.truncated }
        #expect(run.token == 7)
        #expect(run.killsOnExcessOutput)
        #expect(run.environment.map(\.name) == ["A", "B"])
        #expect(run.limits.wallNanoseconds == 20_000_000_000)
        #expect(commands.dropFirst() == [.input(Array("x".utf8))])
    }

    @Test func largeInputIsCutIntoFramesInOrder() throws {
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let stdin = [UInt8](repeating: 9, count: 1_000_000)
        let input = RunInput(program(content, stdin: stdin), token: 1, killsOnExcessOutput: false)
        #expect(input.chunks.count > 1)
        let received = try commands(input).dropFirst().flatMap { command -> [UInt8] in
            guard case .input(let bytes) = command else { return [] }
            #expect(bytes.count <= FrameLimits.chunk)
            return bytes
        }
        #expect(received == content + stdin)
    }
}
