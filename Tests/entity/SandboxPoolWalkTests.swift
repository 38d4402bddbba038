import SandmillEntity
import TestSupport
import Testing

/// A random walk through the pool that checks its numbered invariants after each step.
@Suite("SandboxPool, walked at random")
struct SandboxPoolWalkTests {
    @Test(arguments: 1...16 as ClosedRange<UInt64>)
    func everyInvariantHoldsAfterEachStep(seed: UInt64) {
        var walk = PoolWalk(seed: seed)
        for step in 0..<1_500 {
            walk.step()
            guard let broken = walk.brokenInvariant() else { continue }
            Issue.record("invariant \(broken) does not hold after step \(step) of seed \(seed)")
            return
        }
        walk.finish()
        #expect(walk.pool.isEmpty)
    }
}

/// Drives a pool as its owner would, in an order of its own, and keeps books beside it.
private struct PoolWalk {
    private(set) var pool: SandboxPool
    private let spare: Int
    private let maximum: Int
    private let tenantMaximum: Int?
    private var random: SeededGenerator
    private var clock = Duration.zero
    /// The time that the pool was told last.
    private var now = Duration.zero
    private var pending: [SandboxPool.Action] = []
    private var waiting: [SandboxPool.WaiterID: (tenant: String, isolation: Isolation)] = [:]
    private var served: Set<SandboxPool.WaiterID> = []
    private var leased: [SandboxPool.SandboxID: String] = [:]
    private var tenants: [SandboxPool.SandboxID: String] = [:]
    /// The tenants of those that are not being removed.
    private var held: [SandboxPool.SandboxID: String] = [:]
    /// Those that are nobody's and idle, or probed.
    private var ready: Set<SandboxPool.SandboxID> = []
    /// Since when sandboxes are their tenants'.
    private var turns: [SandboxPool.SandboxID: Duration] = [:]
    private var started: [SandboxPool.SandboxID: Duration] = [:]
    /// Since when the tenants' idle sandboxes are, but for one that is just given back.
    private var idleSince: [SandboxPool.SandboxID: Duration] = [:]
    /// The same of those that are asked for their health.
    private var probedSince: [SandboxPool.SandboxID: Duration] = [:]
    private var spoiled: Set<SandboxPool.SandboxID> = []
    private var fresh: Set<SandboxPool.SandboxID> = []
    private var isDraining = false
    private var broken: Int?

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        spare = Int.random(in: 0...4, using: &random)
        maximum = Int.random(in: 1...8, using: &random)
        tenantMaximum = [nil, 1, 2, 3].randomElement(using: &random) ?? nil
        pool = SandboxPool(
            spare: spare,
            maximum: maximum,
            tenantMaximum: tenantMaximum,
            maximumUses: Int.random(in: 1...6, using: &random),
            maximumAge: .seconds(40),
            idleTimeout: .seconds(15),
            probeInterval: .seconds(4)
        )
        take(pool.start())
    }

    mutating func step() {
        clock += .milliseconds(Int.random(in: 0...800, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: lease()
        case 30..<58: release()
        case 58..<90: performOne()
        case 90..<95:
            now = clock
            take(pool.inspect(at: now))
        case 95..<98: cancel()
        case 98: take(pool.replenish())
        default: if Int.random(in: 0..<1_500, using: &random) == 0 { drain() }
        }
    }

    /// Drains, performs and gives back until nothing moves.
    mutating func finish() {
        drain()
        while !pending.isEmpty || !leased.isEmpty {
            while !pending.isEmpty { performOne() }
            while !leased.isEmpty { release() }
        }
    }

    /// The number of the first invariant that does not hold.
    func brokenInvariant() -> Int? {
        let all = pool.sandboxes.values
        let idle = idle
        let starting = all.count { $0.phase == .starting }
        let unassigned = idle.count { $0.value.tenant == nil }
        if let broken { return broken }
        if vacancies < 0 || starting > changeover / 2 { return 1 }
        if all.count > maximum + changeover { return 1 }
        for (id, tenant) in tenants where pool.sandboxes[id].map({ $0.tenant != tenant }) ?? false {
            return 2
        }
        if Set(leased.keys) != Set(pool.sandboxes.filter { $0.value.phase == .leased }.keys) {
            return 3
        }
        if pool.waiterCount != waiting.count { return 3 }
        if Set(leased.values).contains(where: { leasedCount($0) > tenantMaximum ?? .max }) {
            return 10
        }
        if isDraining { return nil }
        for (tenant, isolation) in waiting.values where demand(of: tenant) > 0 {
            if isolation == .tenant, idle.contains(where: { $0.value.tenant == tenant }) {
                return 4
            }
            if unassigned > 0, mayTakeUnassigned(tenant) { return 4 }
        }
        let room = maximum + changeover - all.count
        let bound = min(starting + room, changeover / 2)
        if starting < min(max(newcomers - unassigned, spare(of: maximum) - ready.count), bound) {
            return 5
        }
        let further = waitingTenants.map { demand(of: $0) }.reduce(-newcomers, +)
        let free = min(further, vacancies - newcomers - reserve)
        if free > 0, starting < min(newcomers + free + reserve - unassigned, bound) { return 5 }
        // Room is made for those without a sandbox as soon as one for them is ready.
        let rested = idle.keys.contains { held[$0] != nil && isRested($0) }
        if newcomers > 0, unassigned > 0, vacancies == 0, rested { return 14 }
        return nil
    }

    private var idle: [SandboxPool.SandboxID: SandboxPool.Sandbox] {
        pool.sandboxes.filter { if case .idle = $0.value.phase { true } else { false } }
    }

    private var changeover: Int { min(max(maximum, 4), 16) }

    private func spare(of maximum: Int) -> Int { min(spare, maximum) }

    private var vacancies: Int { maximum - held.count }

    private func isRested(_ id: SandboxPool.SandboxID) -> Bool {
        guard let since = idleSince[id], let turn = turns[id] else { return false }
        return now - since >= SandboxPool.pause || now - turn >= SandboxPool.turn
    }

    private var reserve: Int { spare > 0 && maximum > 1 ? 1 : 0 }

    private var waitingTenants: Set<String> { Set(waiting.values.map(\.tenant)) }

    private var newcomers: Int {
        waitingTenants.count { heldCount($0) == 0 && demand(of: $0) > 0 }
    }

    private func heldCount(_ tenant: String) -> Int { held.values.count { $0 == tenant } }

    private func leasedCount(_ tenant: String) -> Int { leased.values.count { $0 == tenant } }

    private func demand(of tenant: String) -> Int {
        let number = waiting.values.count { $0.tenant == tenant }
        return min(number, (tenantMaximum ?? .max) - leasedCount(tenant))
    }

    private func hasFewest(_ tenant: String) -> Bool {
        waitingTenants.allSatisfy { demand(of: $0) == 0 || heldCount(tenant) <= heldCount($0) }
    }

    private func mayTakeUnassigned(_ tenant: String) -> Bool {
        guard hasFewest(tenant), vacancies > 0 else { return false }
        return heldCount(tenant) == 0 || ready.count > reserve && vacancies > reserve
    }

    private mutating func lease() {
        guard waiting.count < 20 else { return }
        let tenant = ["a", "a", "a", "b", "b", "c", "d"].randomElement(using: &random) ?? "a"
        let memory = ByteCount.mebibytes(Bool.random(using: &random) ? 128 : 256)
        let isolation = Int.random(in: 0..<4, using: &random) == 0 ? Isolation.fresh : .tenant
        now = clock
        let (waiter, actions) = pool.lease(
            tenant: tenant,
            memory: memory,
            isolation: isolation,
            level: Level.allCases.randomElement(using: &random) ?? .normal,
            cost: Int.random(in: 1...20, using: &random),
            age: .seconds(Int.random(in: 0...600, using: &random)),
            at: now
        )
        waiting[waiter] = (tenant, isolation)
        take(actions)
    }

    private mutating func release() {
        guard let id = leased.keys.sorted().randomElement(using: &random) else { return }
        now = clock
        leased[id] = nil
        let isReusable = Int.random(in: 0..<8, using: &random) > 0
        if !isReusable { spoiled.insert(id) }
        let reason = reasonToYield(id)
        take(pool.release(id, reusable: isReusable, at: now))
        if reason != nil, pool.sandboxes[id]?.phase != .retiring { broken = reason }
    }

    /// The invariant by which a sandbox that is given back has to retire.
    private func reasonToYield(_ id: SandboxPool.SandboxID) -> Int? {
        guard let tenant = held[id] else { return nil }
        let unassigned = idle.count { $0.value.tenant == nil }
        guard unassigned > 0, !waiting.isEmpty else { return nil }
        let number = heldCount(tenant)
        let share = Double(maximum) / Double(waitingTenants.union(held.values).count)
        if number > 1, Double(number) > share, newcomers > vacancies { return 13 }
        if vacancies < reserve, Double(number - 1) >= share { return 13 }
        let reserve = newcomers > 0 ? 0 : reserve
        guard unassigned > reserve else { return nil }
        let room = max(0, vacancies - reserve)
        guard let turn = turns[id], now - turn >= SandboxPool.turn else { return nil }
        let fresh = waiting.values.count { $0.tenant == tenant && $0.isolation == .fresh }
        let owed = waitingTenants.subtracting([tenant]).map { other in
            let half = (number - heldCount(other)) / 2
            return min(demand(of: other), max(heldCount(other) == 0 ? 1 : 0, half))
        }
        return owed.reduce(min(fresh, demand(of: tenant)), +) > room ? 8 : nil
    }

    /// Whether an idle sandbox may be taken from its tenant now.
    private func mayBeTaken(_ id: SandboxPool.SandboxID, from tenant: String) -> Bool {
        guard isRested(id), let since = idleSince[id] else { return false }
        if vacancies > (newcomers > 0 ? 0 : reserve) { return false }
        if newcomers > 0 {
            let others = idleSince.filter { held[$0.key] != nil && isRested($0.key) }
            return others.allSatisfy { other, otherSince in
                let isWanted = demand(of: held[other] ?? "") > 0
                if (demand(of: tenant) > 0) != isWanted { return isWanted }
                return (since, id) <= (otherSince, other)
            }
        }
        let fewest = waitingTenants.filter { demand(of: $0) > 0 }.map(heldCount).min() ?? 0
        return now - since >= SandboxPool.turn
            || vacancies == reserve && (heldCount(tenant) >= fewest + 2 || demand(of: tenant) > 0)
    }

    private mutating func cancel() {
        let waiters = waiting.keys.filter { _ in Bool.random(using: &random) }
        guard let waiter = waiters.first else { return }
        take(pool.cancel(waiter))
        waiting[waiter] = nil
        served.insert(waiter)
    }

    private mutating func drain() {
        isDraining = true
        take(pool.drain())
    }

    /// Performs one of the actions that are due, whichever.
    private mutating func performOne() {
        guard let index = pending.indices.randomElement(using: &random) else { return }
        switch pending.remove(at: index) {
        case .create(let id):
            if Int.random(in: 0..<5, using: &random) == 0 {
                pool.didFailToStart(id)
                take(pool.replenish())
            } else {
                now = clock
                started[id] = now
                ready.insert(id)
                take(pool.didStart(id, at: now))
            }
        case .destroy(let id):
            tenants[id] = nil
            take(pool.didDestroy(id))
        case .probe(let id):
            let isHealthy = Int.random(in: 0..<5, using: &random) > 0
            if !isHealthy { spoiled.insert(id) }
            now = clock
            // It may have to yield, now that it is heard of.
            let since = probedSince.removeValue(forKey: id)
            take(pool.didProbe(id, isHealthy: isHealthy, at: now))
            if case .idle = pool.sandboxes[id]?.phase { idleSince[id] = since }
        case .grant:
            preconditionFailure("a grant is taken at once")
        }
    }

    /// Takes note of actions and leaves those that take time for later.
    private mutating func take(_ actions: [SandboxPool.Action]) {
        var takenCount = 0
        var isServed = false
        for action in actions {
            switch action {
            case .grant(let id, let waiter, _):
                guard let (tenant, isolation) = waiting[waiter] else {
                    broken = 3
                    continue
                }
                if held[id] == nil {
                    if !hasFewest(tenant) { broken = 12 }
                    if heldCount(tenant) > 0, min(ready.count, vacancies) <= reserve { broken = 11 }
                    turns[id] = now
                    isServed = true
                    takenCount -= 1
                }
                idleSince[id] = nil
                ready.remove(id)
                waiting[waiter] = nil
                if fresh.contains(id) || isolation == .fresh && tenants[id] != nil { broken = 9 }
                if isolation == .fresh { fresh.insert(id) }
                if !served.insert(waiter).inserted || leased[id] != nil { broken = 3 }
                if tenants[id, default: tenant] != tenant { broken = 2 }
                if spoiled.contains(id) { broken = 6 }
                if isDraining { broken = 7 }
                tenants[id] = tenant
                held[id] = tenant
                leased[id] = tenant
            case .create:
                if isDraining { broken = 7 }
                pending.append(action)
            case .destroy(let id):
                if let tenant = held[id], let since = idleSince[id], !isDraining,
                    now - since < .seconds(15), now - (started[id] ?? .zero) < .seconds(40)
                {
                    if !mayBeTaken(id, from: tenant) { broken = 14 }
                    takenCount += 1
                }
                held[id] = nil
                idleSince[id] = nil
                ready.remove(id)
                pending.append(action)
            case .probe(let id):
                probedSince[id] = idleSince.removeValue(forKey: id)
                pending.append(action)
            }
        }
        // What is taken from one tenant is another's at once, but for what the last room was short of.
        if takenCount > 0, !isServed || vacancies > reserve { broken = 14 }
        for (id, sandbox) in idle where sandbox.tenant != nil && idleSince[id] == nil {
            idleSince[id] = now
        }
    }
}
