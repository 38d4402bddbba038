public import SandmillEntity

/// One pool of sandboxes, and what its programs may use.
public struct PoolConfiguration: Equatable, Sendable {
    /// What happens to a program that writes more than is kept.
    public enum ExcessOutput: String, CaseIterable, Sendable {
        /// The middle is dropped, and the result says so.
        case truncate
        /// It is killed: `output_exceeded`.
        case kill
    }

    /// Its name, which is part of queue names.
    public var name: String
    /// What runs its programs, first what runs them by default.
    public var runtimes: [Runtime]
    /// The image of its sandboxes.
    public var image: String
    /// The container runtime; nil for the engine's default.
    public var containerRuntime: String?
    /// Who else may use the sandbox of an execution that does not ask for more.
    public var isolation: Isolation
    /// How many sandboxes there are and how long they last.
    public var sandboxes: SandboxPool.Configuration
    /// How many CPUs a sandbox may use at once; nil for all.
    public var cpus: Double?
    /// The capacity of each writable file system of a sandbox.
    public var scratch: ByteCount
    /// How many files each of them holds.
    public var scratchFiles: Int
    /// The modules that the warm interpreter has imported.
    public var preload: [String]
    /// Defaults and maxima of the limits.
    public var limits: LimitPolicy
}
