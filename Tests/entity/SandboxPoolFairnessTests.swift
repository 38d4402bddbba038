import SandmillEntity
import Testing

@Suite("SandboxPool, shared")
struct SandboxPoolFairnessTests {
    @Test func theLastReadySandboxIsKeptForATenantThatHasNone() throws {
        var pool = SandboxPool(spare: 2, maximum: 2)
        pool.warmUp()
        #expect(pool.lease(tenant: "a", memory: .usual).actions.grants.count == 1)
        #expect(pool.lease(tenant: "a", memory: .usual).actions.grants.isEmpty)
        let other = pool.lease(tenant: "b", memory: .usual)
        #expect(other.actions.grants.map(\.waiter) == [other.waiter])
    }

    @Test func nothingIsKeptWhereNoneAreSpare() {
        var pool = SandboxPool(spare: 0, maximum: 2)
        for _ in 0..<2 {
            for id in pool.lease(tenant: "a", memory: .usual).actions.creations {
                _ = pool.didStart(id, at: .zero)
            }
        }
        #expect(pool.sandboxes.values.allSatisfy { $0.phase == .leased })
    }

    @Test func theOnlySandboxThatThereMayBeIsKeptForNobody() {
        var pool = SandboxPool(spare: 1, maximum: 1)
        pool.warmUp()
        #expect(pool.lease(tenant: "a", memory: .usual).actions.grants.count == 1)
    }

    @Test func noTenantHasMoreThanItsMaximumAndNothingIsCreatedForIt() throws {
        var pool = SandboxPool(spare: 1, maximum: 8, tenantMaximum: 1)
        let id = try #require(pool.warmUp().first)
        _ = pool.lease(tenant: "a", memory: .usual)
        for new in pool.sandboxes.filter({ $0.value.phase == .starting }).keys {
            _ = pool.didStart(new, at: .zero)
        }
        let second = pool.lease(tenant: "a", memory: .usual)
        #expect(second.actions.isEmpty)
        let actions = pool.release(id, reusable: true, at: .seconds(1))
        #expect(actions == [.grant(id, to: second.waiter, settingMemory: nil)])
    }

    @Test func aTenantAboveItsShareYieldsAtOnceToOneWithoutASandbox() throws {
        var pool = SandboxPool(spare: 0, maximum: 2)
        let ids = pool.occupy(2, by: "a")
        _ = pool.lease(tenant: "a", memory: .usual)
        let other = pool.lease(tenant: "b", memory: .usual).waiter
        let yields = pool.release(ids[0], reusable: true, at: .milliseconds(1))
        try #require(yields == [.destroy(ids[0])])
        // One comes, so the next one stays.
        let stays = pool.release(ids[1], reusable: true, at: .milliseconds(2))
        #expect(stays.grants.map(\.id) == [ids[1]])
        let replacement = try #require(pool.didDestroy(ids[0]).creations.first)
        let granted = pool.didStart(replacement, at: .milliseconds(500)).grants
        #expect(granted.map(\.waiter) == [other])
    }

    @Test func aTenantWithinItsShareKeepsItsSandboxesAndOneAboveItDoesNot() throws {
        var pool = SandboxPool(spare: 0, maximum: 6)
        let within = try #require(pool.occupy(2, by: "a").first)
        let above = try #require(pool.occupy(4, by: "b").first)
        for tenant in ["a", "b", "c"] { _ = pool.lease(tenant: tenant, memory: .usual) }
        let kept = pool.release(within, reusable: true, at: .milliseconds(1))
        #expect(kept.grants.map(\.id) == [within])
        let yielded = pool.release(above, reusable: true, at: .milliseconds(1))
        #expect(yielded == [.destroy(above)])
    }

    @Test func aTenantAtItsShareKeepsItsSandboxForATurn() throws {
        var pool = SandboxPool(spare: 0, maximum: 1)
        let id = try #require(pool.occupy(1, by: "a").first)
        _ = pool.lease(tenant: "b", memory: .usual)
        _ = pool.lease(tenant: "a", memory: .usual)
        let kept = pool.release(id, reusable: true, at: .seconds(1))
        try #require(kept.grants.map(\.id) == [id])
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.release(id, reusable: true, at: .seconds(2)) == [.destroy(id)])
    }

    @Test func tenantsThatDifferByOneSandboxKeepTheirs() throws {
        var pool = SandboxPool(spare: 0, maximum: 3)
        let ids = pool.occupy(2, by: "a")
        _ = pool.occupy(1, by: "b")
        for tenant in ["a", "b"] { _ = pool.lease(tenant: tenant, memory: .usual) }
        #expect(pool.release(ids[0], reusable: true, at: .seconds(60)).grants.count == 1)
    }

    @Test func aTenantsOwnFreshSandboxIsWaitedForNoLongerThanATurn() throws {
        var pool = SandboxPool(spare: 0, maximum: 1)
        let id = try #require(pool.occupy(1, by: "a").first)
        let fresh = pool.lease(tenant: "a", memory: .usual, isolation: .fresh).waiter
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.release(id, reusable: true, at: .seconds(2)) == [.destroy(id)])
        let replacement = try #require(pool.didDestroy(id).creations.first)
        let granted = pool.didStart(replacement, at: .seconds(3)).grants
        #expect(granted.map(\.waiter) == [fresh])
    }

    @Test func aHighBehindAThousandLowIsServedByTheNextSandbox() throws {
        var pool = SandboxPool(spare: 0, maximum: 1)
        let id = try #require(pool.occupy(1, by: "a").first)
        for _ in 0..<1_000 { _ = pool.lease(tenant: "a", memory: .usual, level: .low) }
        let high = pool.lease(tenant: "a", memory: .usual, level: .high).waiter
        let actions = pool.release(id, reusable: true, at: .seconds(1))
        #expect(actions.grants == [Granted(id: id, waiter: high)])
    }

    @Test func aSandboxThatIsNobodysGoesToTheTenantWithTheFewest() throws {
        var pool = SandboxPool(spare: 0, maximum: 4)
        _ = pool.occupy(2, by: "a")
        _ = pool.occupy(1, by: "b")
        let first = pool.lease(tenant: "a", memory: .usual, level: .high)
        let second = pool.lease(tenant: "b", memory: .usual, level: .low)
        let id = try #require(first.actions.creations.first)
        let granted = pool.didStart(id, at: .seconds(1)).grants
        #expect(granted.map(\.waiter) == [second.waiter])
    }

    @Test func anIdleSandboxMakesRoomForTheOneThatIsKept() throws {
        var pool = SandboxPool(spare: 1, maximum: 2)
        let first = try #require(pool.warmUp().first)
        let actions = pool.lease(tenant: "a", memory: .usual).actions
        let second = try #require(actions.creations.first)
        _ = pool.didStart(second, at: .zero)
        _ = pool.lease(tenant: "b", memory: .usual)
        _ = pool.release(second, reusable: true, at: .seconds(1))
        #expect(pool.inspect(at: .seconds(4)).isEmpty)
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.inspect(at: .milliseconds(2_900)).isEmpty)
        #expect(pool.inspect(at: .seconds(3)) == [.destroy(second)])
        let kept = try #require(pool.didDestroy(second).creations.first)
        #expect(pool.didStart(kept, at: .seconds(4)).isEmpty)
        #expect(pool.release(first, reusable: true, at: .seconds(5)).grants.count == 1)
    }
}

/// What a tenant writes it pays for with time, whoever else is there.
@Suite("SandboxPool, writing")
struct SandboxPoolWritingTests {
    private var configuration: SandboxPool.Configuration {
        SandboxPool.Configuration(
            spare: 0,
            maximum: 4,
            writeRate: .mebibytes(32),
            maximumUses: 1_000_000,
            maximumAge: .seconds(1_000_000),
            idleTimeout: .seconds(1_000_000),
            probeInterval: .seconds(1_000_000)
        )
    }

    @Test func whoHasWrittenTooMuchWaitsThoughItsSandboxIsIdle() {
        var pool = SandboxPool(configuration, memory: .usual)
        let id = pool.occupy(1, by: "writer")[0]
        _ = pool.release(id, reusable: true, written: .mebibytes(80), at: .seconds(1))
        let next = pool.lease(tenant: "writer", memory: .usual)
        #expect(next.actions.isEmpty)
        // Others are served meanwhile.
        #expect(pool.lease(tenant: "other", memory: .usual).actions.creations.count == 1)
        #expect(pool.inspect(at: .milliseconds(1_499)).grants.isEmpty)
        #expect(pool.inspect(at: .milliseconds(1_500)).grants.map(\.waiter) == [next.waiter])
    }

    /// Two tenants run one program after the other, each a tenth of a second, for a minute; what one of
    /// them writes does not cost the other a single run.
    @Test(arguments: [true, false])
    func whoWritesItsMaximumAgainAndAgainIsSlowedAndNobodyElse(hasRate: Bool) {
        var configuration = configuration
        if !hasRate { configuration.writeRate = nil }
        var pool = SandboxPool(configuration, memory: .usual)
        let sizes: [String: ByteCount] = ["writer": .mebibytes(18), "other": ByteCount(100)]
        var running: [String: SandboxPool.SandboxID] = [:]
        for tenant in sizes.keys { running[tenant] = pool.occupy(1, by: tenant)[0] }
        let owners = Dictionary(uniqueKeysWithValues: running.map { ($0.value, $0.key) })
        var runs: [String: Int] = [:]
        for tenth in 1...600 {
            let now = Duration.milliseconds(100 * tenth)
            let ended = running
            running = [:]
            var grants = pool.inspect(at: now).grants
            for (tenant, id) in ended.sorted(by: { $0.key < $1.key }) {
                runs[tenant, default: 0] += 1
                _ = pool.lease(tenant: tenant, memory: .usual)
                let size = sizes[tenant] ?? .zero
                grants += pool.release(id, reusable: true, written: size, at: now).grants
            }
            for grant in grants { running[owners[grant.id] ?? ""] = grant.id }
        }
        #expect(runs["other"] == 600)
        // 32 MiB a second and two seconds' worth at once are 1,984 MiB.
        #expect((hasRate ? 105...115 : 600...600).contains(runs["writer"] ?? 0))
    }
}

extension SandboxPool {
    /// Has a tenant run programs in sandboxes that are created for them.
    fileprivate mutating func occupy(_ number: Int, by tenant: String) -> [SandboxID] {
        (0..<number).flatMap { _ in
            lease(tenant: tenant, memory: .usual).actions.creations.flatMap {
                didStart($0, at: .zero).grants.map(\.id)
            }
        }
    }
}
