public import FoundationEssentials
public import SandmillEntity

/// A locked-down container that runs one program at a time.
///
/// Everything that comes out of it is hostile: a call that throws ``SandboxError`` leaves it
/// good for nothing but ``destroy()``.
public protocol Sandbox: Sendable {
    /// The engine's id of the container.
    var id: String { get }

    /// The id of the image it was made from.
    var image: String { get }

    /// Whether it is known to be dead; a true one must be destroyed.
    var isLost: Bool { get }

    /// Changes the memory limit of the next programs; a call to the engine, so only when it differs.
    func setMemoryLimit(_ memory: ByteCount) async throws(SandboxError)

    /// Runs a program.
    ///
    /// When the task is cancelled the run is given up, as it is when `receive` throws; the program
    /// dies with the sandbox, which must then be destroyed.
    ///
    /// - Parameters:
    ///   - program: What to run.
    ///   - execution: Whose run it is, for ``cancel(_:)``.
    ///   - build: What becomes of the program that is built, where one is.
    ///   - killsOnExcessOutput: Whether writing more than is kept ends it.
    ///   - receive: Takes the output in the order in which it comes. It is awaited, so a slow
    ///     receiver slows the program down. When it throws the run is given up with its error.
    /// - Returns: How the program ended.
    /// - Throws: ``SandboxError``, or what `receive` threw.
    func run(
        _ program: Program,
        of execution: UUID,
        build: BuildUse,
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport

    /// Drops the program that a run has kept, and proves that it is gone; does nothing where none is.
    func forgetProgram() async throws(SandboxError)

    /// Kills the program that runs, which then ends as cancelled; does nothing when none of this
    /// execution does, so that a cancellation which comes late hits nobody else's.
    func cancel(_ execution: UUID) async

    /// Asks whether it is still well; to be called while no program runs.
    func probe() async throws(SandboxError)

    /// Removes the container, whatever state it is in.
    func destroy() async
}

extension Sandbox {
    /// Runs a program once, see ``run(_:of:build:killsOnExcessOutput:receive:)``.
    public func run(
        _ program: Program,
        of execution: UUID = .random(),
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport {
        try await run(
            program,
            of: execution,
            build: .once,
            killsOnExcessOutput: killsOnExcessOutput,
            receive: receive
        )
    }
}
