internal import SandmillEntity

/// A sandbox in the hands of one execution; it is given back with ``WarmPool/release(_:reusable:)``.
struct SandboxLease: Sendable {
    /// Its name in the pool.
    let id: SandboxPool.SandboxID
    /// The sandbox.
    let sandbox: any Sandbox
}
