import FoundationEssentials
import SandmillEntity
import SandmillService
import Synchronization

/// Makes sandboxes that run a closure instead of a program.
final class FakeEngine: SandboxEngine {
    typealias Behaviour =
        @Sendable (Program, _ receive: (SandboxOutput) async throws -> Void) async throws
        -> SandboxReport

    private struct State {
        var isDown = false
        var made = 0
        var live: [String: FakeSandbox] = [:]
        var mostLive = 0
        var hang: Gate?
        var cancelHang: Gate?
    }

    private let journal: Journal
    private let behaviour: Behaviour
    private let state = Mutex(State())

    init(
        journal: Journal,
        behaviour: @escaping Behaviour = { _, receive in
            try await receive(.stream(.stdout, Array("ok\n".utf8)))
            return .success
        }
    ) {
        self.journal = journal
        self.behaviour = behaviour
    }

    var isDown: Bool {
        get { state.withLock { $0.isDown } }
        set { state.withLock { $0.isDown = newValue } }
    }

    /// Lets nothing be removed before this is open.
    func hang(until gate: Gate) {
        state.withLock { $0.hang = gate }
    }

    /// Lets the next sandbox that is to kill its program do nothing before this is open.
    func hangCancelling(until gate: Gate) {
        state.withLock { $0.cancelHang = gate }
    }

    var live: [FakeSandbox] { state.withLock { $0.live.values.sorted { $0.id < $1.id } } }

    var mostLive: Int { state.withLock { $0.mostLive } }

    func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any Sandbox {
        let sandbox: FakeSandbox? = state.withLock { state in
            if state.isDown { return nil }
            state.made += 1
            let sandbox = FakeSandbox(id: "s\(state.made)", engine: self)
            state.live[sandbox.id] = sandbox
            state.mostLive = max(state.mostLive, state.live.count)
            return sandbox
        }
        guard let sandbox else {
            journal.note(.startFailed)
            throw SandboxError(.engineUnavailable, "the engine is down")
        }
        journal.note(.started(sandbox: sandbox.id))
        return sandbox
    }

    func removeOrphans(of worker: String) async throws(SandboxError) {
        journal.note(.removingOrphans(of: worker))
        await state.withLock(\.hang)?.pass()
        journal.note(.removedOrphans(of: worker))
    }

    func checkAvailable() async throws(SandboxError) {
        if isDown { throw SandboxError(.engineUnavailable, "the engine is down") }
    }

    fileprivate func run(
        _ program: Program,
        _ build: BuildUse,
        _ receive: (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport {
        journal.note(.ran(program.name))
        if build == .keep { journal.note(.keptBuild) }
        let report = try await behaviour(program, receive)
        try Task.checkCancellation()
        return report
    }

    fileprivate func forgetProgram() {
        journal.note(.forgotBuild)
    }

    fileprivate func cancel(_ sandbox: FakeSandbox) async {
        await state.withLock { $0.cancelHang.take() }?.pass()
        journal.note(.cancelled(sandbox: sandbox.id))
    }

    fileprivate func remove(_ sandbox: FakeSandbox) {
        state.withLock { $0.live[sandbox.id] = nil }
        journal.note(.destroyed(sandbox: sandbox.id))
    }
}

final class FakeSandbox: Sandbox {
    let id: String
    let image = "sha256:cafe"
    private let engine: FakeEngine
    private let lost = Mutex(false)
    private let execution = Mutex<UUID?>(nil)

    fileprivate init(id: String, engine: FakeEngine) {
        self.id = id
        self.engine = engine
    }

    var isLost: Bool {
        get { lost.withLock { $0 } }
        set { lost.withLock { $0 = newValue } }
    }

    func setMemoryLimit(_ memory: ByteCount) async throws(SandboxError) {
        if memory == .mebibytes(13) { throw SandboxError(.engineRefused, "an unlucky number") }
    }

    func run(
        _ program: Program,
        of execution: UUID,
        build: BuildUse,
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport {
        self.execution.withLock { $0 = execution }
        return try await engine.run(program, build, receive)
    }

    func forgetProgram() async throws(SandboxError) {
        engine.forgetProgram()
    }

    func cancel(_ execution: UUID) async {
        if self.execution.withLock({ $0 == execution }) { await engine.cancel(self) }
    }

    func probe() async throws(SandboxError) {
        if isLost { throw SandboxError(.sandboxLost, "it does not answer") }
    }

    func destroy() async {
        engine.remove(self)
    }
}

extension Program {
    /// The text of its entrypoint, by which fakes tell programs apart.
    var name: String {
        files.first { $0.path == entrypoint }.map { String(decoding: $0.content, as: UTF8.self) }
            ?? ""
    }
}
