/// Who gets which sandbox, and who gives one up.
extension SandboxPool {
    /// What would serve those who wait.
    private struct Demand {
        /// How many tenants without a sandbox wait.
        var newcomers = 0
        /// How many sandboxes more would be used.
        var further = 0
        /// How many of those others have to give up for them, once their turns are over.
        var owed = 0
        /// How many sandboxes the tenant has that has the fewest of those that could use one.
        var fewest = Int.max
    }

    /// Decides whether a waiter can be served now; a copy, so that the queue can ask it.
    private struct Supply {
        let census: SandboxCounts
        let tenantMaximum: Int
        let fewest: Int
        /// Whether there is an unassigned sandbox, and room, for a tenant that has so few.
        let hasUnassigned: Bool
        let isShared: Bool
        let written: WrittenBytes
        let now: Duration

        func serves(_ waiter: Waiter) -> Bool {
            if isShared, written.exceeds(waiter.tenant, at: now) { return false }
            let holding = census[waiter.tenant]
            if holding.leased >= tenantMaximum { return false }
            if isShared, holding.leased > 0, written.isMuch(of: waiter.tenant, at: now) {
                return false
            }
            if waiter.isolation == .tenant, holding.idle > 0 { return true }
            return hasUnassigned && holding.count <= fewest
        }
    }

    /// How many unassigned sandboxes are kept ready.
    var spare: Int { min(configuration.spare, configuration.maximum) }

    /// How many unassigned sandboxes, and how many vacancies, are for tenants without any.
    private var reserve: Int { configuration.spare > 0 && configuration.maximum > 1 ? 1 : 0 }

    /// How many sandboxes more may be a tenant's that has so many; less than none while the reserve is
    /// used up.
    private func room(for held: Int) -> Int { vacancies - (held == 0 ? 0 : reserve) }

    /// Whether an unassigned sandbox is ready for a tenant that has so many.
    private func isReady(for held: Int) -> Bool {
        census.unassignedIdle > 0 && census.unassignedReady > (held == 0 ? 0 : reserve)
    }

    private var tenantMaximum: Int { configuration.tenantMaximum ?? .max }

    /// How many sandboxes more may be tenants'.
    private var vacancies: Int { configuration.maximum - census.assigned }

    /// How many sandboxes should be starting beside those that are.
    var missingCount: Int {
        let forWaiters = waiters.isEmpty ? 0 : wanted(demand) - census.unassignedIdle
        return max(forWaiters, spare - census.unassignedReady) - census.starting
    }

    /// How many more may start for tenants that have some.
    var furtherStarts: Int {
        guard let limit = configuration.furtherStarts, tenantCount > 1 else { return .max }
        return limit - census.starting
    }

    /// How many sandboxes should be starting, beside those that are, for tenants without any.
    var newcomersStarts: Int {
        let waiting = waiters.isEmpty ? 0 : demand.newcomers
        return max(waiting - census.unassignedIdle, reserve - census.unassignedReady)
            - census.starting
    }

    /// Grants idle sandboxes to waiters, each to the one whose turn it is.
    mutating func serveWaiters() -> [Action] {
        var actions: [Action] = []
        while census.idle > 0, !waiters.isEmpty {
            let fewest = demand.fewest
            let supply = Supply(
                census: census,
                tenantMaximum: tenantMaximum,
                fewest: fewest,
                hasUnassigned: isReady(for: fewest) && room(for: fewest) > 0,
                isShared: tenantCount > 1,
                written: written,
                now: now
            )
            guard let waiter = waiters.next(at: now, where: supply.serves) else { break }
            actions.append(grant(to: waiter))
        }
        return actions
    }

    /// Retires an idle sandbox of a tenant for a waiter for whom another is ready.
    ///
    /// One at a time: what may be taken depends on what is left.
    mutating func makeRoom() -> [Action] {
        guard !waiters.isEmpty, census.unassignedIdle > 0, !assignedIdle.isEmpty else { return [] }
        let fewest = demand.fewest
        guard fewest < .max, isReady(for: fewest) else { return [] }
        let loose = assignedIdle.filter {
            isRested($0) && (fewest == 0 || isLoose($0, for: fewest))
        }
        let isEnough = room(for: fewest) + loose.count > 0
        guard isEnough, let first = loose.min(by: isTakenBefore) else { return [] }
        return retire(first.id, .yielded)
    }

    /// Whether a sandbox, which is free, has to make room for somebody else.
    func mustYield(_ sandbox: Sandbox) -> Bool {
        guard let tenant = sandbox.tenant, let assignedAt = sandbox.assignedAt, !waiters.isEmpty
        else { return false }
        let demand = demand
        let held = census[tenant].count
        if isReady(for: 0) {
            let (maximum, tenantCount) = (configuration.maximum, tenantCount)
            let isNeeded = held > 1 && demand.newcomers > vacancies
            if isNeeded, held * tenantCount > maximum { return true }
            // The last newcomer used the reserve up: what is more than a share restores it.
            if room(for: held) < 0, (held - 1) * tenantCount >= maximum { return true }
        }
        return now - assignedAt >= Self.turn && isReady(for: demand.fewest)
            && owed(by: tenant) > max(0, room(for: demand.fewest))
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

    private var assignedIdle: [IdleSandbox] {
        census.idle > census.unassignedIdle ? idle.filter { $0.sandbox.tenant != nil } : []
    }

    /// Whether an idle sandbox has waited long enough for its tenant.
    private func isRested(_ idle: IdleSandbox) -> Bool {
        now - idle.since >= Self.pause
            || idle.sandbox.assignedAt.map { now - $0 >= Self.turn } == true
    }

    /// Whether a rested sandbox may be taken for a tenant that has so many.
    private func isLoose(_ idle: IdleSandbox, for held: Int) -> Bool {
        if now - idle.since >= Self.turn { return true }
        // What restores the reserve is taken for nobody who waits, so within its turn it stays.
        guard let tenant = idle.sandbox.tenant, room(for: held) >= 0 else { return false }
        let count = census[tenant].count
        // Its own waiters are for fresh ones, or they would have it.
        let isOwn = count == held && demand(of: tenant) > 0
        return count - 2 >= held || isOwn
    }

    /// Those that nobody of their tenant could use first, and of these the one that has idled longest.
    private func isTakenBefore(_ left: IdleSandbox, _ right: IdleSandbox) -> Bool {
        let isWanted = [left, right].map { demand(of: $0.sandbox.tenant ?? "") > 0 }
        if isWanted[0] != isWanted[1] { return isWanted[1] }
        return (left.since, left.id) < (right.since, right.id)
    }

    /// How many tenants have a sandbox or wait for one.
    private var tenantCount: Int {
        census.holdings.count + waiters.counts.keys.count { census.holdings[$0] == nil }
    }

    /// How many sandboxes a tenant's waiters could have at once.
    private func demand(of tenant: String) -> Int {
        var most = tenantMaximum
        if tenantCount > 1 {
            if written.exceeds(tenant, at: now) { return 0 }
            if written.isMuch(of: tenant, at: now) { most = 1 }
        }
        return max(0, min(waiters.counts[tenant] ?? 0, most - census[tenant].leased))
    }

    private var demand: Demand {
        var demand = Demand()
        let most = census.holdings.values.map(\.count).max() ?? 0
        for tenant in waiters.counts.keys {
            let number = self.demand(of: tenant)
            if number == 0 { continue }
            let held = census[tenant].count
            demand.fewest = min(demand.fewest, held)
            if held == 0 { demand.newcomers += 1 }
            demand.further += held == 0 ? number - 1 : number
            demand.owed += min(number, max(0, (most - held) / 2))
        }
        return demand
    }

    /// How many unassigned sandboxes would serve all whom there is, or will be, room for.
    private func wanted(_ demand: Demand) -> Int {
        let idle = assignedIdle.filter { isRested($0) && isLoose($0, for: demand.fewest) }
        let room = max(0, room(for: 1) + idle.count - demand.newcomers)
        let fresh = waiters.elements.count { $0.isolation == .fresh && census[$0.tenant].count > 0 }
        let further = min(demand.further, room + demand.owed + fresh)
        return demand.newcomers + (further > 0 ? further + reserve : 0)
    }

    private mutating func grant(to waiter: Waiter) -> Action {
        guard let best = bestSandbox(for: waiter) else {
            preconditionFailure("a waiter is chosen only when there is a sandbox for it")
        }
        var sandbox = best.sandbox
        let settingMemory = sandbox.memory == waiter.memory ? nil : waiter.memory
        sandbox.phase = .leased
        sandbox.assignedAt = sandbox.assignedAt ?? now
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
