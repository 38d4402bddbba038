import SandboxFixture
import SandboxProtocol
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillDocker

struct RunTranscriptTests {
    private static let facts = Report.Exit(
        status: .code(3),
        kill: .none,
        wallNanoseconds: 5_000_000,
        cpuNanoseconds: 4_000_000,
        memoryPeakBytes: 1 << 20,
        oomKills: 0,
        stdoutBytes: 9,
        stderrBytes: 0
    )
    private static let exit = Report.exited(facts)
    private static let longPath = Array(
        Array(repeating: String(repeating: "a", count: 199), count: 5).joined(separator: "/").utf8
    )

    private static let limits: Limits = {
        var limits = Limits.generous
        limits.stdout = ByteCount(8)
        limits.output = ByteCount(10)
        limits.outputFiles = 2
        return limits
    }()

    private static func program(_ runtime: Runtime) -> Program {
        Program(
            runtime: runtime,
            files: [],
            entrypoint: runtime.entrypoint,
            arguments: [],
            environment: [:],
            stdin: [],
            outputs: [],
            limits: limits
        )
    }

    /// Takes the reports and returns the end, if they lead to one.
    private func take(
        _ reports: [Report],
        runtime: Runtime = .python
    ) throws -> SandboxReport? {
        var transcript = RunTranscript(Self.program(runtime))
        for report in reports {
            if case .over(let end) = try transcript.take(report) { return end }
        }
        return nil
    }

    @Test func runInOrderEndsWithTheFacts() throws {
        let end = try take([
            .output(.stdout, [1, 2]), Self.exit, .tail(.stdout, [3]),
            .file(path: Array("a".utf8), size: 2), .content([1]), .content([2]),
            .skipped(path: Array("b".utf8), reason: .symlink), .finished(.clean),
        ])
        let report = try #require(end)
        #expect(report.isClean)
        #expect(report.exit.status == .code(3))
        #expect(report.exit.wall == .milliseconds(5))
        #expect(report.exit.stdout == ByteCount(9))
    }

    @Test func buildThatSucceedsIsToldBesideTheRun() throws {
        var compiler = Self.facts
        compiler.status = .code(0)
        compiler.wallNanoseconds = 7_000_000
        let report = try #require(
            try take(
                [
                    .built(compiler, output: [2]), .output(.stdout, [1]), Self.exit,
                    .finished(.clean),
                ],
                runtime: .c
            )
        )
        #expect(report.isBuilt)
        #expect(report.buildOutput == [2])
        #expect(report.build?.wall == .milliseconds(7))
        #expect(report.exit.wall == .milliseconds(5))
    }

    @Test func buildThatFailsIsTheEnd() throws {
        let report = try #require(
            try take(
                [
                    .output(.stderr, [1]), .notBuilt(Self.facts), .tail(.stderr, [2]),
                    .finished(.clean),
                ],
                runtime: .c
            )
        )
        #expect(!report.isBuilt)
        #expect(report.exit.status == .code(3))
        #expect(report.build == report.exit)
    }

    @Test(
        arguments: [
            [exit, .finished(.clean)],
            [.output(.stderr, [1]), .built(facts, output: [])],
            [.built(facts, output: []), .built(facts, output: [])],
            [.notBuilt(facts), exit],
            [.notBuilt(facts), .file(path: [0x61], size: 0)],
            [.built(facts, output: []), .finished(.clean)],
        ] as [[Report]]
    )
    func lieAboutABuildIsTheEndOfTheSandbox(reports: [Report]) {
        let error = #expect(throws: SandboxError.self) { try take(reports, runtime: .c) }
        #expect(error?.code == .sandboxLost)
    }

    @Test func buildOfWhatIsNotBuiltIsALie() {
        #expect(throws: SandboxError.self) {
            try take([.built(Self.facts, output: []), Self.exit])
        }
        #expect(throws: SandboxError.self) { try take([.notBuilt(Self.facts)]) }
    }

    @Test func programThatCannotBeEndedIsALostSandboxAndSaysWhy() throws {
        let error = #expect(throws: SandboxError.self) {
            try take([.finished(.unclean("a process cannot be killed"))])
        }
        #expect(error?.code == .sandboxLost)
        #expect(error?.message.contains("a process cannot be killed") == true)
    }

    @Test func sandboxThatIsNotCleanSaysSo() throws {
        #expect(try take([Self.exit, .finished(.unclean("a process"))])?.isClean == false)
    }

    @Test func programThatCouldNotStartIsOurFault() {
        #expect(throws: SandboxError.self) { try take([.failed("no memory"), .finished(.clean)]) }
    }

    @Test(
        arguments: [
            [.finished(.clean)],
            [.ready(version: 1)],
            [.healthy(nonce: 1)],
            [exit, exit],
            [exit, .output(.stdout, [1])],
            [.tail(.stdout, [1])],
            [.file(path: [0x61], size: 1)],
            [exit, .content([1])],
            [exit, .file(path: [0x61], size: 2), .content([1, 2, 3])],
            [exit, .file(path: [0x61], size: 2), .content([1]), .finished(.clean)],
            [exit, .file(path: [0x61], size: 11)],
            [exit, .file(path: [0x61], size: .max)],
            [.output(.stdout, [])],
            [exit, .tail(.stderr, [])],
            [exit, .file(path: [0x61], size: 1), .content([])],
            [exit] + Array(repeating: .skipped(path: [0x61], reason: .symlink), count: 1_001),
            [exit] + Array(repeating: .skipped(path: longPath, reason: .symlink), count: 300),
            [
                exit, .file(path: [0x61], size: 0), .file(path: [0x62], size: 0),
                .file(path: [0x63], size: 0),
            ],
            [.output(.stdout, [UInt8](repeating: 1, count: 9))],
            [.output(.stdout, [1]), exit, .tail(.stdout, [UInt8](repeating: 1, count: 8))],
        ] as [[Report]]
    )
    func lieIsTheEndOfTheSandbox(reports: [Report]) {
        let error = #expect(throws: SandboxError.self) { try take(reports) }
        #expect(error?.code == .sandboxLost)
    }

    @Test func programThatWasKeptIsNotBuiltAgain() throws {
        var transcript = RunTranscript(Self.program(.c), build: .reuse)
        #expect(throws: SandboxError.self) { try transcript.take(.built(Self.facts, output: [])) }
        transcript = RunTranscript(Self.program(.c), build: .reuse)
        _ = try transcript.take(Self.exit)
        guard case .over(let report) = try transcript.take(.finished(.clean)) else {
            Issue.record("the run is not over")
            return
        }
        #expect(report.isBuilt)
        #expect(report.build == nil)
    }

    @Test(arguments: ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", "a\0b"])
    func pathThatLeadsElsewhereIsALie(path: String) {
        #expect(throws: SandboxError.self) {
            try take([Self.exit, .file(path: Array(path.utf8), size: 0)])
        }
        #expect(throws: SandboxError.self) {
            try take([Self.exit, .skipped(path: Array(path.utf8), reason: .symlink)])
        }
    }
}
