import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// What one theme's programs run in, one after the other: a sandbox that is replaced when it must be.
actor Bench {
    @TaskLocal private static var running: Bench?

    /// The bench of the test that calls.
    static var current: Bench {
        get throws { try #require(running, "the suite has no bench") }
    }

    private let specification: SandboxSpecification
    private var sandbox: (any Sandbox)?
    private var testimony = ""
    /// The agent, the warm interpreter, and the process that waits for the next program.
    private let processCount = 3

    /// Is about to make sandboxes of a specification.
    init(_ specification: SandboxSpecification) {
        self.specification = specification
    }

    /// Gives `body` a bench and removes its sandbox.
    static func with(
        _ specification: SandboxSpecification,
        _ body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let bench = Bench(specification)
        do {
            try await $running.withValue(bench) { try await body() }
            await bench.clear()
        } catch {
            await bench.clear()
            throw error
        }
    }

    /// Runs a hostile program and checks all that must hold of it and after it.
    func run(_ abuse: AbuseCase) async throws {
        let result = try await collect(abuse)
        let report = try #require(result.report)
        let ending = Ending(Outcome(of: report.exit, within: abuse.limits))
        #expect(abuse.endings.contains(ending), "\(ending), \(report.exit)\n\(result.errors)")
        if let stdout = abuse.stdout { #expect(result.text == stdout, "\(result.errors)") }
        try abuse.check(result)
        try await expectNothingLeft(report, abuse.mayLeaveUnclean)
    }

    /// A sandbox, which is replaced if it is not clean after this.
    func use(_ body: (any Sandbox) async throws -> SandboxReport?) async throws {
        let report = try await body(try await current())
        if let report { try await expectNothingLeft(report, false) }
    }

    private func collect(_ abuse: AbuseCase) async throws -> Collected {
        let sandbox = try await current()
        var limits = abuse.limits
        limits.memory = specification.memory
        do {
            return try await sandbox.run(
                abuse.source,
                by: .python,
                files: abuse.files,
                arguments: abuse.arguments,
                environment: abuse.environment,
                stdin: abuse.stdin,
                outputs: abuse.outputs,
                limits: limits
            )
        } catch {
            await clear()
            throw error
        }
    }

    /// The sandbox; a new one first testifies to how sandboxes are.
    private func current() async throws -> any Sandbox {
        if let sandbox { return sandbox }
        let sandbox = try await TestEngine.engine().start(specification)
        self.sandbox = sandbox
        testimony = try await testify()
        let lines = testimony.split(separator: "\n").map(String.init)
        let missing = Witness.facts.filter { !lines.contains($0) }
        #expect(missing.isEmpty, "the witness of a new sandbox does not say so")
        return sandbox
    }

    private func expectNothingLeft(_ report: SandboxReport, _ mayBeUnclean: Bool) async throws {
        if !report.isClean {
            #expect(mayBeUnclean, "the sandbox was not proved clean")
            await clear()
        } else {
            try await expectProcessCount()
        }
        let before = testimony
        let words = try await testify()
        if report.isClean { try await expectNormalLatency() }
        let found = words.split(separator: "\n")
        let expected = before.split(separator: "\n")
        let strange = found.filter { !expected.contains($0) }
        let missing = expected.filter { !found.contains($0) }
        #expect(strange.isEmpty, "the witness finds what was not there")
        #expect(missing.isEmpty, "the witness misses what was there")
        #expect(found.count == expected.count)
        // What one case leaves must not be blamed on the next.
        if found != expected { await clear() }
    }

    /// Innocent programs are as fast as ever; a busy machine may delay one of them, or two.
    private func expectNormalLatency() async throws {
        let sandbox = try await current()
        var times: [Duration] = []
        repeat {
            let start = ContinuousClock.now
            _ = try await sandbox.python("print(1)")
            times.append(ContinuousClock.now - start)
        } while times.count < 3 && times.last.map { $0 > .milliseconds(100) } == true
        #expect(times.contains { $0 < .milliseconds(500) }, "innocent programs took \(times)")
    }

    /// The host has the sandbox's own processes, and no other, within ten seconds.
    private func expectProcessCount() async throws {
        let sandbox = try await current()
        let deadline = ContinuousClock.now + .seconds(10)
        var count = try TestEngine.processCount(of: sandbox.id)
        while count != processCount, ContinuousClock.now < deadline {
            count = try TestEngine.processCount(of: sandbox.id)
        }
        #expect(count == processCount, "processes are left")
    }

    private func testify() async throws -> String {
        let sandbox = try await current()
        do {
            let result = try await sandbox.python(Witness.source)
            #expect(result.report?.exit.status == .code(0), "\(result.errors)")
            #expect(result.report?.isClean == true)
            return result.text
        } catch {
            await clear()
            throw error
        }
    }

    private func clear() async {
        await sandbox?.destroy()
        sandbox = nil
    }
}

/// Gives a suite a bench.
struct BenchTrait: SuiteTrait, TestScoping {
    let specification: SandboxSpecification

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Bench.with(specification, function)
    }
}

extension Trait where Self == BenchTrait {
    /// A bench whose sandboxes are of this specification.
    static func bench(
        _ specification: SandboxSpecification = TestEngine.specification()
    ) -> Self {
        Self(specification: specification)
    }
}

extension TestEngine {
    /// How many processes of a container the host has.
    fileprivate static func processCount(of container: String) throws -> Int {
        try docker("top", container, "-eo", "pid").split(separator: "\n").count - 1
    }
}

/// The abuse: what hostile programs do to a real sandbox, and what must come of it.
///
/// They run one after the other, since what they must not disturb is measured by the clock.
@Suite(.serialized, .timeLimit(.minutes(10))) enum Abuse {}
