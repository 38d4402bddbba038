/// How many sandboxes of a pool do what, kept up to date with every change of one.
struct SandboxCounts: Sendable {
    /// What one tenant has.
    struct Holding: Equatable, Sendable {
        /// Its sandboxes, but for those that are being removed.
        var count = 0
        /// Those that run a program.
        var leased = 0
        /// Those that are free.
        var idle = 0
    }

    /// What each tenant has that has anything.
    private(set) var holdings: [String: Holding] = [:]
    /// Those that are tenants', but for those that are being removed.
    private(set) var assigned = 0
    private(set) var starting = 0
    private(set) var retiring = 0
    /// Those that are free, whoever's they are.
    private(set) var idle = 0
    /// Those that are free and nobody's.
    private(set) var unassignedIdle = 0
    /// Those that are nobody's and free, or will be once their probe is answered.
    private(set) var unassignedReady = 0

    /// What a tenant has.
    subscript(tenant: String) -> Holding { holdings[tenant] ?? Holding() }

    /// Counts a sandbox in its new state in place of its old one; nil is one that does not exist.
    mutating func replace(_ old: SandboxPool.Sandbox?, by new: SandboxPool.Sandbox?) {
        if let old { add(old, -1) }
        if let new { add(new, 1) }
    }

    private mutating func add(_ sandbox: SandboxPool.Sandbox, _ number: Int) {
        switch sandbox.phase {
        case .starting: starting += number
        case .retiring: retiring += number
        case .idle: idle += number
        case .leased, .probed: break
        }
        guard sandbox.phase != .retiring else { return }
        if let tenant = sandbox.tenant {
            assigned += number
            var holding = self[tenant]
            holding.count += number
            if sandbox.phase == .leased { holding.leased += number }
            if sandbox.phase.isIdle { holding.idle += number }
            holdings[tenant] = holding.count == 0 ? nil : holding
        } else if sandbox.phase.isReady {
            unassignedReady += number
            if sandbox.phase.isIdle { unassignedIdle += number }
        }
    }
}
