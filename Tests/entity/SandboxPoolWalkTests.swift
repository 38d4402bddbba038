import SandmillEntity
import Testing

/// A random walk through the pool that checks its numbered invariants after each step.
@Suite("SandboxPool, walked at random")
struct SandboxPoolWalkTests {
    @Test(arguments: 1...16 as ClosedRange<UInt64>)
    func everyInvariantHoldsAfterEachStep(seed: UInt64) {
        var walk = PoolWalk(seed: seed)
        for step in 0..<2_000 {
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
    private var random: SeededGenerator
    private var now = Duration.zero
    private var pending: [SandboxPool.Action] = []
    private var waiting: [SandboxPool.WaiterID: (tenant: String, isolation: Isolation)] = [:]
    private var served: Set<SandboxPool.WaiterID> = []
    private var leased: [SandboxPool.SandboxID: String] = [:]
    private var tenants: [SandboxPool.SandboxID: String] = [:]
    private var turns: [SandboxPool.SandboxID: Duration] = [:]
    private var spoiled: Set<SandboxPool.SandboxID> = []
    private var fresh: Set<SandboxPool.SandboxID> = []
    private var isDraining = false
    private var broken: Int?

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        spare = Int.random(in: 0...4, using: &random)
        maximum = Int.random(in: 1...8, using: &random)
        pool = SandboxPool(
            spare: spare,
            maximum: maximum,
            maximumUses: Int.random(in: 1...6, using: &random),
            maximumAge: .seconds(40),
            idleTimeout: .seconds(15),
            probeInterval: .seconds(4)
        )
        take(pool.start())
    }

    mutating func step() {
        now += .milliseconds(Int.random(in: 0...800, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: lease()
        case 30..<58: release()
        case 58..<90: performOne()
        case 90..<95: take(pool.inspect(at: now))
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
        let starting = all.count { $0.phase == .starting }
        let retiring = all.count { $0.phase == .retiring }
        let idle = all.filter { if case .idle = $0.phase { true } else { false } }
        if let broken { return broken }
        if all.count > maximum { return 1 }
        for (id, tenant) in tenants where pool.sandboxes[id].map({ $0.tenant != tenant }) ?? false {
            return 2
        }
        if Set(leased.keys) != Set(pool.sandboxes.filter { $0.value.phase == .leased }.keys) {
            return 3
        }
        if pool.waiterCount != waiting.count { return 3 }
        for waiter in waiting.values where !isDraining {
            if idle.contains(where: { canServe(waiter, by: $0.tenant) }) { return 4 }
        }
        if !isDraining, starting < min(waiting.count, starting + maximum - all.count) { return 5 }
        if !isDraining, !idle.isEmpty, waiting.count > starting + retiring { return 5 }
        return nil
    }

    private mutating func lease() {
        guard waiting.count < 20 else { return }
        let tenant = ["a", "b", "c"].randomElement(using: &random) ?? "a"
        let memory = ByteCount.mebibytes(Bool.random(using: &random) ? 128 : 256)
        let isolation = Int.random(in: 0..<4, using: &random) == 0 ? Isolation.fresh : .tenant
        let (waiter, actions) = pool.lease(tenant: tenant, memory: memory, isolation: isolation)
        waiting[waiter] = (tenant, isolation)
        take(actions)
    }

    private mutating func release() {
        guard let id = leased.keys.sorted().randomElement(using: &random) else { return }
        leased[id] = nil
        let isReusable = Int.random(in: 0..<8, using: &random) > 0
        if !isReusable { spoiled.insert(id) }
        take(pool.release(id, reusable: isReusable, at: now))
    }

    private mutating func cancel() {
        let waiters = waiting.keys.filter { _ in Bool.random(using: &random) }
        guard let waiter = waiters.first else { return }
        pool.cancel(waiter)
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
                turns[id] = now
                take(pool.didStart(id, at: now))
            }
        case .destroy(let id):
            tenants[id] = nil
            take(pool.didDestroy(id))
        case .probe(let id):
            let isHealthy = Int.random(in: 0..<5, using: &random) > 0
            if !isHealthy { spoiled.insert(id) }
            take(pool.didProbe(id, isHealthy: isHealthy, at: now))
        case .grant:
            preconditionFailure("a grant is taken at once")
        }
    }

    private func canServe(
        _ waiter: (tenant: String, isolation: Isolation),
        by tenant: String?
    ) -> Bool {
        tenant == nil || tenant == waiter.tenant && waiter.isolation == .tenant
    }

    /// Whether a sandbox that was pinned before is granted again while others need its room.
    private func mustYield(_ id: SandboxPool.SandboxID) -> Bool {
        guard let tenant = tenants[id] else { return false }
        let others = waiting.values.count { !canServe($0, by: tenant) }
        let coming = pool.sandboxes.values.count { $0.phase == .starting || $0.phase == .retiring }
        return others > coming
    }

    /// Takes note of actions and leaves those that take time for later.
    private mutating func take(_ actions: [SandboxPool.Action]) {
        for action in actions {
            switch action {
            case .grant(let id, let waiter, _):
                guard let (tenant, isolation) = waiting.removeValue(forKey: waiter) else {
                    broken = 3
                    continue
                }
                if fresh.contains(id) || isolation == .fresh && tenants[id] != nil { broken = 9 }
                if isolation == .fresh { fresh.insert(id) }
                if !served.insert(waiter).inserted || leased[id] != nil { broken = 3 }
                if tenants[id, default: tenant] != tenant { broken = 2 }
                if spoiled.contains(id) { broken = 6 }
                if isDraining { broken = 7 }
                if let turn = turns[id], now - turn >= SandboxPool.turn, mustYield(id) {
                    broken = 8
                }
                tenants[id] = tenant
                leased[id] = tenant
            case .create:
                if isDraining { broken = 7 }
                pending.append(action)
            case .destroy, .probe:
                pending.append(action)
            }
        }
    }
}
