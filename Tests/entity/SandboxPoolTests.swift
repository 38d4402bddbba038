import SandmillEntity
import Testing

@Suite("SandboxPool")
struct SandboxPoolTests {
    @Test func startCreatesTheSpareSandboxes() {
        var pool = SandboxPool(spare: 3, maximum: 8)
        #expect(pool.start().creations.count == 3)
    }

    @Test func startCreatesNoMoreThanTheMaximum() {
        var pool = SandboxPool(spare: 3, maximum: 2)
        #expect(pool.start().creations.count == 2)
    }

    @Test func leaseGrantsASpareSandboxAtOnceAndReplacesIt() throws {
        var pool = SandboxPool(spare: 1, maximum: 2)
        let spare = pool.warmUp()
        let (waiter, actions) = pool.lease(tenant: "a", memory: .usual)
        #expect(actions.grants == [Granted(id: try #require(spare.first), waiter: waiter)])
        #expect(actions.creations.count == 1)
    }

    @Test func leaseWaitsWhenEverySandboxIsBusy() {
        var pool = SandboxPool(spare: 1, maximum: 1)
        pool.warmUp()
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.lease(tenant: "a", memory: .usual).actions.isEmpty)
        #expect(pool.waiterCount == 1)
    }

    @Test func aReleasedSandboxGoesToTheNextWaiterOfItsTenant() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let id = try #require(pool.warmUp().first)
        _ = pool.lease(tenant: "a", memory: .usual)
        let second = pool.lease(tenant: "a", memory: .usual).waiter
        let actions = pool.release(id, reusable: true, at: .seconds(1))
        #expect(actions.grants == [Granted(id: id, waiter: second)])
    }

    @Test func anotherTenantGetsANewSandboxInsteadOfAUsedOne() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let id = try #require(pool.warmUp().first)
        let next = try #require(pool.lease(tenant: "a", memory: .usual).actions.creations.first)
        let other = pool.lease(tenant: "b", memory: .usual).waiter
        #expect(pool.release(id, reusable: true, at: .seconds(1)).isEmpty)
        let actions = pool.didStart(next, at: .seconds(2))
        #expect(actions.destructions == [id])
        #expect(actions.grants == [Granted(id: next, waiter: other)])
    }

    @Test func anUnassignedSandboxIsGrantedThoughAnotherTenantsIsIdle() throws {
        var pool = SandboxPool(spare: 1, maximum: 2)
        let used = try #require(pool.warmUp().first)
        let unassigned = try #require(
            pool.lease(tenant: "a", memory: .usual).actions.creations.first
        )
        _ = pool.didStart(unassigned, at: .seconds(1))
        _ = pool.release(used, reusable: true, at: .seconds(2))
        let (waiter, actions) = pool.lease(tenant: "b", memory: .usual)
        #expect(actions.grants == [Granted(id: unassigned, waiter: waiter)])
    }

    @Test func aSandboxThatWasNotProvedCleanIsDestroyed() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let id = try #require(pool.warmUp().first)
        _ = pool.lease(tenant: "a", memory: .usual)
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.release(id, reusable: false, at: .seconds(1)) == [.destroy(id)])
    }

    @Test func aFreshSandboxIsNobodysBeforeAndNobodysAfter() throws {
        var pool = SandboxPool(spare: 0, maximum: 2)
        let first = pool.lease(tenant: "a", memory: .usual)
        let used = try #require(first.actions.creations.first)
        _ = pool.didStart(used, at: .zero)
        _ = pool.release(used, reusable: true, at: .zero)
        // There is an idle sandbox of its tenant, and it is not taken.
        let fresh = pool.lease(tenant: "a", memory: .usual, isolation: .fresh)
        let new = try #require(fresh.actions.creations.first)
        let granted = pool.didStart(new, at: .zero)
        #expect(granted == [.grant(new, to: fresh.waiter, settingMemory: nil)])
        #expect(pool.release(new, reusable: true, at: .zero).destructions == [new])
    }

    @Test func aTenantsIdleSandboxMakesRoomForItsFreshOne() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let used = try #require(pool.warmUp().first)
        let next = try #require(pool.lease(tenant: "a", memory: .usual).actions.creations.first)
        _ = pool.release(used, reusable: true, at: .zero)
        let fresh = pool.lease(tenant: "a", memory: .usual, isolation: .fresh)
        let actions = pool.didStart(next, at: .seconds(1))
        #expect(actions.destructions == [used])
        #expect(actions.grants == [Granted(id: next, waiter: fresh.waiter)])
    }

    @Test func aFreshSandboxIsReplacedAheadOfTheNext() {
        var pool = SandboxPool(spare: 3, maximum: 5)
        pool.warmUp()
        let first = pool.lease(tenant: "a", memory: .usual, isolation: .fresh).actions
        let second = pool.lease(tenant: "a", memory: .usual, isolation: .fresh).actions
        #expect(first.grants.count + second.grants.count == 2)
        #expect(first.creations.count + second.creations.count == 2)
    }

    @Test func aSandboxIsRetiredAfterItsUses() throws {
        var pool = SandboxPool(spare: 1, maximum: 1, maximumUses: 2)
        let id = try #require(pool.warmUp().first)
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.release(id, reusable: true, at: .zero).isEmpty)
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.release(id, reusable: true, at: .zero) == [.destroy(id)])
    }

    @Test func aSandboxIsRetiredAtItsAge() throws {
        var pool = SandboxPool(spare: 1, maximum: 1, maximumAge: .seconds(60))
        let id = try #require(pool.warmUp().first)
        #expect(pool.inspect(at: .seconds(59)).isEmpty)
        #expect(pool.inspect(at: .seconds(60)).destructions == [id])
    }

    @Test func aTenantsSandboxIsRetiredWhenItIdles() throws {
        var pool = SandboxPool(spare: 0, maximum: 1, idleTimeout: .seconds(30))
        let (_, actions) = pool.lease(tenant: "a", memory: .usual)
        let id = try #require(actions.creations.first)
        _ = pool.didStart(id, at: .zero)
        _ = pool.release(id, reusable: true, at: .seconds(10))
        #expect(pool.inspect(at: .seconds(39)).isEmpty)
        #expect(pool.inspect(at: .seconds(40)) == [.destroy(id)])
    }

    @Test func unassignedSandboxesAboveTheSpareOnesAreRetiredWhenTheyIdle() throws {
        var pool = SandboxPool(spare: 1, maximum: 4, idleTimeout: .seconds(30))
        pool.warmUp()
        let waiters = (0..<4).map { pool.lease(tenant: "t\($0)", memory: .usual) }
        for waiter in waiters { pool.cancel(waiter.waiter) }
        pool.startAll(at: .zero)
        #expect(pool.sandboxes.values.count { $0.tenant == nil } == 2)
        #expect(pool.inspect(at: .seconds(30)).destructions.count == 1)
    }

    @Test func aSandboxThatWasSilentIsProbed() throws {
        var pool = SandboxPool(spare: 1, maximum: 1, probeInterval: .seconds(5))
        let id = try #require(pool.warmUp().first)
        #expect(pool.inspect(at: .seconds(5)) == [.probe(id)])
        #expect(pool.inspect(at: .seconds(11)).isEmpty)
        #expect(pool.didProbe(id, isHealthy: true, at: .seconds(11)).isEmpty)
        #expect(pool.inspect(at: .seconds(15)).isEmpty)
    }

    @Test func aProbedSandboxIsGrantedOnceItAnswers() throws {
        var pool = SandboxPool(spare: 1, maximum: 1, probeInterval: .seconds(5))
        let id = try #require(pool.warmUp().first)
        _ = pool.inspect(at: .seconds(5))
        let (waiter, actions) = pool.lease(tenant: "a", memory: .usual)
        #expect(actions.grants.isEmpty)
        let answer = pool.didProbe(id, isHealthy: true, at: .seconds(6))
        #expect(answer.grants == [Granted(id: id, waiter: waiter)])
    }

    @Test func aSandboxThatFailsItsProbeIsReplaced() throws {
        var pool = SandboxPool(spare: 1, maximum: 2, probeInterval: .seconds(5))
        let id = try #require(pool.warmUp().first)
        _ = pool.inspect(at: .seconds(5))
        let actions = pool.didProbe(id, isHealthy: false, at: .seconds(6))
        #expect(actions.destructions == [id])
        #expect(actions.creations.count == 1)
    }

    @Test func aMatchingMemoryLimitIsPreferredAndNotSetAgain() throws {
        var pool = SandboxPool(spare: 3, maximum: 4)
        pool.warmUp()
        let large = pool.lease(tenant: "a", memory: .mebibytes(512))
        let usual = pool.lease(tenant: "a", memory: .usual)
        let largeID = try #require(large.actions.grants.first).id
        let usualID = try #require(usual.actions.grants.first).id
        _ = pool.release(largeID, reusable: true, at: .seconds(1))
        _ = pool.release(usualID, reusable: true, at: .seconds(2))
        let again = pool.lease(tenant: "a", memory: .mebibytes(512))
        #expect(
            again.actions == [.grant(largeID, to: again.waiter, settingMemory: nil)]
        )
    }

    @Test func anotherMemoryLimitIsSetWithTheGrant() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let id = try #require(pool.warmUp().first)
        let (waiter, actions) = pool.lease(tenant: "a", memory: .mebibytes(512))
        #expect(actions.first == .grant(id, to: waiter, settingMemory: .mebibytes(512)))
    }

    @Test func theSandboxUsedLastIsPreferred() throws {
        var pool = SandboxPool(spare: 3, maximum: 3)
        let ids = pool.warmUp().prefix(2)
        for _ in ids { _ = pool.lease(tenant: "a", memory: .usual) }
        _ = pool.release(ids[1], reusable: true, at: .seconds(1))
        _ = pool.release(ids[0], reusable: true, at: .seconds(2))
        let (waiter, actions) = pool.lease(tenant: "a", memory: .usual)
        #expect(actions.grants == [Granted(id: ids[0], waiter: waiter)])
    }

    @Test func aWaiterThatLeftIsGrantedNothing() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let id = try #require(pool.warmUp().first)
        _ = pool.lease(tenant: "a", memory: .usual)
        let second = pool.lease(tenant: "a", memory: .usual).waiter
        pool.cancel(second)
        #expect(pool.release(id, reusable: true, at: .seconds(1)).grants.isEmpty)
    }

    @Test func afterAFailedStartReplenishTriesAgain() throws {
        var pool = SandboxPool(spare: 1, maximum: 1)
        let id = try #require(pool.start().creations.first)
        pool.didFailToStart(id)
        #expect(pool.isEmpty)
        #expect(pool.replenish().creations.count == 1)
    }

    @Test func drainLeavesNothing() throws {
        var pool = SandboxPool(spare: 2, maximum: 4)
        let starting = pool.start().creations
        _ = pool.didStart(starting[0], at: .zero)
        let leased = try #require(pool.lease(tenant: "a", memory: .usual).actions.grants.first)
        _ = pool.drain()
        for (id, sandbox) in pool.sandboxes where sandbox.phase == .starting {
            #expect(pool.didStart(id, at: .seconds(1)) == [.destroy(id)])
        }
        #expect(pool.release(leased.id, reusable: true, at: .seconds(1)) == [.destroy(leased.id)])
        for id in pool.sandboxes.keys { #expect(pool.didDestroy(id).isEmpty) }
        #expect(pool.isEmpty)
    }

    @Test func aBusyTenantDoesNotKeepAnotherWaitingForEver() throws {
        var pool = SandboxPool(spare: 0, maximum: 2)
        var leased: [SandboxPool.SandboxID] = []
        for _ in 0..<2 {
            let actions = pool.lease(tenant: "greedy", memory: .usual).actions
            leased += actions.grants.map(\.id)
            for id in actions.creations { leased += pool.didStart(id, at: .zero).grants.map(\.id) }
        }
        let other = pool.lease(tenant: "patient", memory: .usual).waiter
        pool.startAll(at: .zero)
        var isServed = false
        for second in 1...100 where !isServed {
            _ = pool.lease(tenant: "greedy", memory: .usual)
            var actions = pool.release(leased.removeFirst(), reusable: true, at: .seconds(second))
            while let action = actions.popLast() {
                switch action {
                case .destroy(let id): actions += pool.didDestroy(id)
                case .create(let id): actions += pool.didStart(id, at: .seconds(second))
                case .grant(let id, let waiter, _):
                    leased.append(id)
                    isServed = isServed || waiter == other
                case .probe: break
                }
            }
        }
        #expect(isServed)
    }
}

struct Granted: Equatable {
    let id: SandboxPool.SandboxID
    let waiter: SandboxPool.WaiterID
}

extension [SandboxPool.Action] {
    var creations: [SandboxPool.SandboxID] {
        compactMap { if case .create(let id) = $0 { id } else { nil } }
    }

    var destructions: [SandboxPool.SandboxID] {
        compactMap { if case .destroy(let id) = $0 { id } else { nil } }
    }

    var grants: [Granted] {
        compactMap {
            if case .grant(let id, let waiter, _) = $0 {
                Granted(id: id, waiter: waiter)
            } else {
                nil
            }
        }
    }
}

extension ByteCount {
    static let usual = ByteCount.mebibytes(128)
}

extension SandboxPool {
    init(
        spare: Int,
        maximum: Int,
        tenantMaximum: Int? = nil,
        maximumUses: Int = 1_000,
        maximumAge: Duration = .seconds(3_600),
        idleTimeout: Duration = .seconds(600),
        probeInterval: Duration = .seconds(600)
    ) {
        let configuration = Configuration(
            spare: spare,
            maximum: maximum,
            tenantMaximum: tenantMaximum,
            maximumUses: maximumUses,
            maximumAge: maximumAge,
            idleTimeout: idleTimeout,
            probeInterval: probeInterval
        )
        self.init(configuration, memory: .usual)
    }

    /// Starts the pool and every sandbox it asks for.
    @discardableResult
    mutating func warmUp() -> [SandboxID] {
        _ = start()
        startAll(at: .zero)
        return sandboxes.keys.sorted()
    }

    /// Starts every sandbox that is asked for.
    @discardableResult
    mutating func startAll(at now: Duration) -> [Action] {
        var actions: [Action] = []
        while let id = sandboxes.filter({ $0.value.phase == .starting }).keys.min() {
            actions += didStart(id, at: now)
        }
        return actions
    }
}
