/// Makes sandboxes: containers with our agent in them.
public protocol SandboxEngine: Sendable {
    /// Makes a sandbox and returns when its runtime is warm.
    func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any Sandbox

    /// Removes the sandboxes that a worker which is no more has left on this engine.
    func removeOrphans(of worker: String) async throws(SandboxError)

    /// Checks that the engine answers.
    func checkAvailable() async throws(SandboxError)
}
