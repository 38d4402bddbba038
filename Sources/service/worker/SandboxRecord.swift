public import FoundationEssentials
public import SandmillEntity

/// A sandbox as operators see it.
public struct SandboxRecord: Equatable, Sendable {
    /// The worker that has it.
    public var worker: String
    /// The pool it belongs to.
    public var pool: String
    /// The container; nil while it is being made.
    public var container: String?
    /// What it is doing: `starting`, `idle`, `leased` or `retiring`.
    public var state: String
    /// The tenant it is pinned to.
    public var tenant: String?
    /// How many programs it has run.
    public var uses: Int
    /// Its memory limit.
    public var memory: ByteCount
    /// The execution that it runs.
    public var execution: UUID?

    /// Puts a record together.
    public init(
        worker: String,
        pool: String,
        container: String?,
        state: String,
        tenant: String?,
        uses: Int,
        memory: ByteCount,
        execution: UUID? = nil
    ) {
        self.worker = worker
        self.pool = pool
        self.container = container
        self.state = state
        self.tenant = tenant
        self.uses = uses
        self.memory = memory
        self.execution = execution
    }
}
