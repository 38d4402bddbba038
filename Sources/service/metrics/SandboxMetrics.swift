internal import Metrics
internal import SandmillEntity

/// What a worker counts of the sandboxes of one pool.
struct SandboxMetrics: Sendable {
    private let starts: Counter
    private let startFailures: Counter
    private let removals: [SandboxPool.Retirement: Counter]

    /// Begins to count for `pool`.
    init(pool: String) {
        starts = Counter(label: "sandmill_sandbox_starts", dimensions: [("pool", pool)])
        startFailures = Counter(
            label: "sandmill_sandbox_start_failures",
            dimensions: [("pool", pool)]
        )
        removals = Dictionary(
            uniqueKeysWithValues: SandboxPool.Retirement.allCases.map { reason in
                let labels = [("pool", pool), ("reason", reason.rawValue)]
                return (reason, Counter(label: "sandmill_sandbox_destroyed", dimensions: labels))
            }
        )
    }

    /// Counts a sandbox that was started.
    func countStart() { starts.increment() }

    /// Counts a sandbox that could not be started.
    func countStartFailure() { startFailures.increment() }

    /// Counts a sandbox that is gone.
    func countRemoval(_ reason: SandboxPool.Retirement?) {
        reason.flatMap { removals[$0] }?.increment()
    }
}
