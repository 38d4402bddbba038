/// Who gets which sandbox, and who gives one up.
extension SandboxPool {
    /// What would serve those who wait.
    private struct Demand {
        /// How many tenants without a sandbox wait.
        var newcomers = 0
        /// How many sandboxes more would be used.
        var further = 0
        /// How many sandboxes the tenant has that has the fewest of those that could use one.
        var fewest = Int.max
    }

    /// Decides whether a waiter can be served now; a copy, so that the queue can ask it.
    private struct Supply {
        let census: SandboxCensus
        let tenantMaximum: Int
        let reserve: Int
        let fewest: Int
        let written: WrittenBytes
        let now: Duration

        func serves(_ waiter: Waiter) -> Bool {
            if written.exceeds(waiter.tenant, at: now) { return false }
            let holding = census[waiter.tenant]
            if holding.leased >= tenantMaximum { return false }
            if waiter.isolation == .tenant, holding.idle > 0 { return true }
            guard census.unassignedIdle > 0, holding.count <= fewest else { return false }
            return holding.count == 0 || census.unassignedReady > reserve
        }
    }

    /// How many unassigned sandboxes are for tenants without any.
    private var reserve: Int { configuration.spare > 0 && configuration.maximum > 1 ? 1 : 0 }

    private var tenantMaximum: Int { configuration.tenantMaximum ?? .max }

    /// How many sandboxes will be ready or gone in a moment.
    private var coming: Int { census.starting + census.retiring }

    /// Whether a full pool keeps nothing for a tenant without sandboxes while others wait.
    var lacksReserve: Bool {
        !waiters.isEmpty && sandboxes.count >= configuration.maximum
            && census.unassignedReady + coming < reserve
    }

    /// How many sandboxes should be starting beside those that are.
    var missingCount: Int {
        let forWaiters = wanted(demand) - census.unassignedIdle
        let spare = configuration.spare - census.unassignedReady
        return max(forWaiters, spare) - census.starting
    }

    /// Grants idle sandboxes to waiters, each to the one whose turn it is.
    mutating func serveWaiters() -> [Action] {
        var actions: [Action] = []
        while census.idle > 0, !waiters.isEmpty {
            let supply = Supply(
                census: census,
                tenantMaximum: tenantMaximum,
                reserve: reserve,
                fewest: demand.fewest,
                written: written,
                now: now
            )
            guard let waiter = waiters.next(at: now, where: supply.serves) else { break }
            actions.append(grant(to: waiter))
        }
        return actions
    }

    /// Retires idle sandboxes of tenants for those who wait, if that serves any of them.
    mutating func makeRoom() -> [Action] {
        if waiters.isEmpty { return [] }
        let demand = demand
        let coming = coming + census.unassignedIdle
        let assigned = census.idle - census.unassignedIdle
        var reachable = min(wanted(demand), coming + assigned)
        // The rest would only fill the reserve, which is not for them.
        if reachable <= demand.newcomers + reserve { reachable = min(reachable, demand.newcomers) }
        guard reachable > coming else { return [] }
        return idleLongestFirst.filter { $0.sandbox.tenant != nil }
            .prefix(reachable - coming)
            .flatMap { retire($0.id) }
    }

    /// Whether a sandbox, which is free, has to make room for somebody else.
    func mustYield(_ sandbox: Sandbox) -> Bool {
        guard let tenant = sandbox.tenant, let startedAt = sandbox.startedAt, !waiters.isEmpty
        else { return false }
        let held = census[tenant].count
        if held > 1, demand.newcomers > coming, held * tenantCount > configuration.maximum {
            return true
        }
        return now - startedAt >= Self.turn && owed(by: tenant) > coming
    }

    /// How many sandboxes a tenant keeps from others, and from its own waiters for fresh ones.
    private func owed(by tenant: String) -> Int {
        let held = census[tenant].count
        let others = waiters.counts.keys.reduce(0) { sum, other in
            if other == tenant { return sum }
            let holding = census[other].count
            let difference = holding == 0 ? max(1, held / 2) : max(0, (held - holding) / 2)
            return sum + min(demand(of: other), difference)
        }
        let fresh = waiters.elements.count { $0.tenant == tenant && $0.isolation == .fresh }
        return others + min(fresh, demand(of: tenant))
    }

    /// How many tenants have a sandbox or wait for one.
    private var tenantCount: Int {
        census.holdings.count + waiters.counts.keys.count { census.holdings[$0] == nil }
    }

    /// How many sandboxes a tenant's waiters could have at once.
    private func demand(of tenant: String) -> Int {
        if written.exceeds(tenant, at: now) { return 0 }
        return max(0, min(waiters.counts[tenant] ?? 0, tenantMaximum - census[tenant].leased))
    }

    private var demand: Demand {
        var demand = Demand()
        for tenant in waiters.counts.keys {
            let number = self.demand(of: tenant)
            if number == 0 { continue }
            let held = census[tenant].count
            demand.fewest = min(demand.fewest, held)
            if held == 0 { demand.newcomers += 1 }
            demand.further += held == 0 ? number - 1 : number
        }
        return demand
    }

    /// How many unassigned sandboxes would serve all.
    private func wanted(_ demand: Demand) -> Int {
        demand.newcomers + (demand.further > 0 ? demand.further + reserve : 0)
    }

    private mutating func grant(to waiter: Waiter) -> Action {
        guard let best = bestSandbox(for: waiter) else {
            preconditionFailure("a waiter is chosen only when there is a sandbox for it")
        }
        var sandbox = best.sandbox
        let settingMemory = sandbox.memory == waiter.memory ? nil : waiter.memory
        sandbox.phase = .leased
        sandbox.tenant = waiter.tenant
        sandbox.memory = waiter.memory
        sandbox.isolation = waiter.isolation
        set(sandbox, as: best.id)
        return .grant(best.id, to: waiter.id, settingMemory: settingMemory)
    }

    /// The tenant's own before an unassigned one, a matching memory limit before another, and of
    /// those the one used last, whose memory is warm.
    private func bestSandbox(for waiter: Waiter) -> IdleSandbox? {
        func rank(_ sandbox: Sandbox) -> Int {
            (sandbox.tenant == nil ? 0 : 2) + (sandbox.memory == waiter.memory ? 1 : 0)
        }
        return idle.filter { $0.sandbox.canServe(waiter) }
            .max {
                (rank($0.sandbox), $0.since, $1.id) < (rank($1.sandbox), $1.since, $0.id)
            }
    }
}
