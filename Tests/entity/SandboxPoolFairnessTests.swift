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
        pool.startAll(at: .zero)
        let second = pool.lease(tenant: "a", memory: .usual)
        #expect(second.actions.isEmpty)
        let actions = pool.release(id, reusable: true, at: .seconds(1))
        #expect(actions == [.grant(id, to: second.waiter, settingMemory: nil)])
    }

    @Test func aTenantAboveItsShareYieldsAtOnceToOneWithoutASandbox() throws {
        var pool = SandboxPool(spare: 0, maximum: 2)
        let ids = pool.occupy(2, by: "a")
        _ = pool.lease(tenant: "a", memory: .usual)
        let other = pool.lease(tenant: "b", memory: .usual)
        let new = try #require(other.actions.creations.first)
        #expect(pool.didStart(new, at: .zero).isEmpty)
        let yields = pool.release(ids[0], reusable: true, at: .milliseconds(1))
        #expect(yields.destructions == [ids[0]])
        #expect(yields.grants == [Granted(id: new, waiter: other.waiter)])
        let stays = pool.release(ids[1], reusable: true, at: .milliseconds(2))
        #expect(stays.grants.map(\.id) == [ids[1]])
    }

    @Test func nobodyYieldsBeforeTheOthersSandboxIsReady() throws {
        var pool = SandboxPool(spare: 0, maximum: 1)
        let id = try #require(pool.occupy(1, by: "a").first)
        _ = pool.lease(tenant: "b", memory: .usual)
        let again = pool.lease(tenant: "a", memory: .usual).waiter
        let kept = pool.release(id, reusable: true, at: .seconds(60))
        #expect(kept.grants == [Granted(id: id, waiter: again)])
    }

    @Test func aTenantWithinItsShareKeepsItsSandboxesAndOneAboveItDoesNot() throws {
        var pool = SandboxPool(spare: 0, maximum: 6)
        let within = try #require(pool.occupy(2, by: "a").first)
        let above = try #require(pool.occupy(4, by: "b").first)
        for tenant in ["a", "b", "c"] { _ = pool.lease(tenant: tenant, memory: .usual) }
        pool.startAll(at: .zero)
        let kept = pool.release(within, reusable: true, at: .milliseconds(1))
        #expect(kept.grants.map(\.id) == [within])
        let yielded = pool.release(above, reusable: true, at: .milliseconds(1))
        #expect(yielded.destructions == [above])
    }

    @Test func aTenantAtItsShareKeepsItsSandboxForATurn() throws {
        var pool = SandboxPool(spare: 0, maximum: 1)
        let id = try #require(pool.occupy(1, by: "a").first)
        _ = pool.lease(tenant: "b", memory: .usual)
        pool.startAll(at: .zero)
        _ = pool.lease(tenant: "a", memory: .usual)
        let kept = pool.release(id, reusable: true, at: .milliseconds(1_900))
        try #require(kept.grants.map(\.id) == [id])
        _ = pool.lease(tenant: "a", memory: .usual)
        #expect(pool.release(id, reusable: true, at: .seconds(2)).destructions == [id])
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
        pool.startAll(at: .zero)
        _ = pool.lease(tenant: "a", memory: .usual)
        let actions = pool.release(id, reusable: true, at: .seconds(2))
        #expect(actions.destructions == [id])
        #expect(actions.grants.map(\.waiter) == [fresh])
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

    @Test func anIdleSandboxIsItsTenantsUntilAnotherIsReady() throws {
        var pool = SandboxPool(spare: 0, maximum: 1)
        let id = try #require(pool.occupy(1, by: "a").first)
        _ = pool.release(id, reusable: true, at: .seconds(1))
        let other = pool.lease(tenant: "b", memory: .usual, at: .seconds(5))
        let new = try #require(other.actions.creations.first)
        #expect(other.actions == [.create(new)])
        // Its tenant is back in time, and back again.
        let back = pool.lease(tenant: "a", memory: .usual, at: .milliseconds(5_100))
        #expect(back.actions.grants.map(\.id) == [id])
        _ = pool.release(id, reusable: true, at: .milliseconds(5_200))
        let actions = pool.didStart(new, at: .milliseconds(5_300))
        #expect(actions.destructions == [id])
        #expect(actions.grants == [Granted(id: new, waiter: other.waiter)])
    }

    @Test func theLastRoomIsKeptForATenantThatHasNoneHoweverManyRest() throws {
        var pool = SandboxPool(spare: 2, maximum: 4)
        pool.warmUp()
        let rested = try #require(pool.lease(tenant: "a", memory: .usual).actions.grants.first?.id)
        for _ in 0..<3 { _ = pool.lease(tenant: "greedy", memory: .usual) }
        pool.startAll(at: .zero)
        _ = pool.release(rested, reusable: true, at: .zero)
        _ = pool.inspect(at: .seconds(1))
        #expect(pool.sandboxes.values.count { $0.tenant == "greedy" } == 2)
        let other = pool.lease(tenant: "b", memory: .usual, at: .seconds(1))
        #expect(other.actions.grants.map(\.waiter) == [other.waiter])
        #expect(other.actions.destructions.isEmpty)
    }

    @Test func whoIsAboveItsShareGivesTheLastRoomBackOnceItIsUsed() throws {
        var pool = SandboxPool(spare: 2, maximum: 4)
        pool.warmUp()
        var ids: [SandboxPool.SandboxID] = []
        for _ in 0..<4 {
            ids += pool.lease(tenant: "greedy", memory: .usual).actions.grants.map(\.id)
            ids += pool.startAll(at: .zero).grants.map(\.id)
        }
        try #require(ids.count == 3)
        _ = pool.lease(tenant: "a", memory: .usual)
        pool.startAll(at: .zero)
        #expect(pool.release(ids[0], reusable: true, at: .milliseconds(1)).destructions == [ids[0]])
        let kept = pool.release(ids[1], reusable: true, at: .milliseconds(2))
        #expect(kept.grants.map(\.id) == [ids[1]])
        let other = pool.lease(tenant: "b", memory: .usual, at: .milliseconds(3))
        #expect(other.actions.grants.map(\.waiter) == [other.waiter])
    }

    @Test func whoHasItsShareKeepsItThoughTheLastRoomIsUsed() throws {
        var pool = SandboxPool(spare: 2, maximum: 4)
        pool.warmUp()
        var ids: [SandboxPool.SandboxID] = []
        for tenant in ["greedy", "greedy", "a", "b", "greedy"] {
            ids += pool.lease(tenant: tenant, memory: .usual).actions.grants.map(\.id)
            ids += pool.startAll(at: .zero).grants.map(\.id)
        }
        try #require(ids.count == 4)
        // A share is four thirds.
        let kept = pool.release(ids[0], reusable: true, at: .milliseconds(1))
        #expect(kept.grants.map(\.id) == [ids[0]])
    }

    @Test func nothingIsCreatedForTheRoomThatIsKept() {
        var pool = SandboxPool(spare: 1, maximum: 4)
        pool.warmUp()
        for _ in 0..<9 {
            _ = pool.lease(tenant: "a", memory: .usual)
            pool.startAll(at: .zero)
        }
        #expect(pool.sandboxes.values.count { $0.tenant == "a" } == 3)
        #expect(pool.sandboxes.count == 4)
    }

    @Test func whereTheLastRoomIsUsedTwoAreTakenOrNone() throws {
        var pool = SandboxPool(spare: 2, maximum: 3)
        pool.warmUp()
        var ids: [SandboxPool.SandboxID] = []
        for tenant in ["busy", "a", "b"] {
            ids += pool.lease(tenant: tenant, memory: .usual).actions.grants.map(\.id)
            pool.startAll(at: .zero)
        }
        try #require(ids.count == 3)
        _ = pool.release(ids[1], reusable: true, at: .seconds(1))
        let waiter = pool.lease(tenant: "busy", memory: .usual, at: .seconds(5)).waiter
        pool.startAll(at: .seconds(5))
        #expect(pool.inspect(at: .seconds(5)).destructions.isEmpty)
        _ = pool.release(ids[2], reusable: true, at: .seconds(6))
        #expect(pool.inspect(at: .milliseconds(7_999)).destructions.isEmpty)
        let actions = pool.inspect(at: .seconds(8))
        #expect(actions.destructions == [ids[1], ids[2]])
        #expect(actions.grants.map(\.waiter) == [waiter])
    }

    @Test func nothingIsTakenWithinItsTurnToRestoreTheLastRoom() {
        var pool = SandboxPool(spare: 2, maximum: 4)
        pool.warmUp()
        for tenant in ["rich", "rich", "rich", "poor"] {
            _ = pool.lease(tenant: tenant, memory: .usual)
            pool.startAll(at: .zero)
        }
        let rich = pool.sandboxes.filter { $0.value.tenant == "rich" }.keys
        #expect(rich.count == 3)
        for id in rich { _ = pool.release(id, reusable: true, at: .milliseconds(100)) }
        let waiter = pool.lease(tenant: "poor", memory: .usual, at: .milliseconds(500)).waiter
        pool.startAll(at: .milliseconds(500))
        #expect(pool.inspect(at: .seconds(1)).destructions.isEmpty)
        let actions = pool.inspect(at: .milliseconds(2_100))
        #expect(actions.destructions.count == 2)
        #expect(actions.grants.map(\.waiter) == [waiter])
    }

    @Test func aSandboxThatPausesWithinItsTurnIsNotTaken() throws {
        var pool = SandboxPool(spare: 1, maximum: 2)
        pool.warmUp()
        for tenant in ["a", "b"] {
            let lease = pool.lease(tenant: tenant, memory: .usual)
            pool.startAll(at: .zero)
            let id = try #require(lease.actions.grants.first?.id)
            _ = pool.release(id, reusable: true, at: .seconds(1))
        }
        let third = pool.lease(tenant: "c", memory: .usual, at: .milliseconds(1_100))
        #expect(third.actions.isEmpty)
        #expect(pool.inspect(at: .milliseconds(1_199)).isEmpty)
        #expect(pool.inspect(at: .milliseconds(1_200)).grants.map(\.waiter) == [third.waiter])
    }

    @Test func theSandboxThatHasIdledLongestMakesRoom() throws {
        var pool = SandboxPool(spare: 1, maximum: 3)
        pool.warmUp()
        var ids: [SandboxPool.SandboxID] = []
        for tenant in ["a", "b", "c"] {
            ids += pool.lease(tenant: tenant, memory: .usual).actions.grants.map(\.id)
            pool.startAll(at: .zero)
        }
        try #require(ids.count == 3)
        _ = pool.release(ids[1], reusable: true, at: .seconds(10))
        _ = pool.release(ids[0], reusable: true, at: .seconds(11))
        _ = pool.release(ids[2], reusable: true, at: .seconds(12))
        let new = pool.lease(tenant: "d", memory: .usual, at: .seconds(20)).actions
        #expect(new.destructions == [ids[1]])
        #expect(new.grants.count == 1)
    }

    @Test func whoReturnsWhileThereIsRoomFindsItsSandbox() throws {
        var pool = SandboxPool(spare: 1, maximum: 3)
        pool.warmUp()
        let first = try #require(pool.lease(tenant: "a", memory: .usual).actions.grants.first)
        _ = pool.release(first.id, reusable: true, at: .seconds(1))
        for (number, tenant) in ["b", "c", "b", "c"].enumerated() {
            pool.startAll(at: .seconds(1))
            let now = Duration.seconds(10 * (number + 1))
            let lease = pool.lease(tenant: tenant, memory: .usual, at: now)
            let id = try #require(lease.actions.grants.first?.id)
            #expect(pool.release(id, reusable: true, at: now).destructions.isEmpty)
        }
        let again = pool.lease(tenant: "a", memory: .usual, at: .seconds(60)).actions
        #expect(again.grants.map(\.id) == [first.id])
    }

    @Test func aTenantWithSandboxesTakesNoneFromOneThatPaused() throws {
        var pool = SandboxPool(spare: 0, maximum: 2)
        _ = pool.occupy(1, by: "busy")
        let id = try #require(pool.occupy(1, by: "a").first)
        _ = pool.release(id, reusable: true, at: .seconds(10))
        _ = pool.lease(tenant: "busy", memory: .usual, isolation: .fresh, at: .seconds(11))
        _ = pool.lease(tenant: "busy", memory: .usual, at: .seconds(11))
        pool.startAll(at: .milliseconds(11_900))
        #expect(pool.inspect(at: .milliseconds(11_999)).isEmpty)
        #expect(pool.inspect(at: .seconds(12)).destructions == [id])
    }

    @Test func startsGoToWhoHasNoneBeforeWhoWantsManyFreshOnes() throws {
        var pool = SandboxPool(spare: 0, maximum: 4)
        for _ in 0..<20 {
            _ = pool.lease(tenant: "churn", memory: .usual, isolation: .fresh)
        }
        let others = ["a", "b"].map { pool.lease(tenant: $0, memory: .usual).waiter }
        let granted = pool.startAll(at: .zero).grants.map(\.waiter)
        // One of the churning tenant's came first; then those that have none.
        #expect(Set(granted.prefix(3)).isSuperset(of: others))
    }

    /// A start takes a processor from the programs of all.
    @Test(arguments: [(limit: nil, starting: 8), (1, 1), (3, 3)])
    func fewStartAtOnceBesideOthersForWhoWantsMany(limit: Int?, starting: Int) {
        let configuration = SandboxPool.Configuration(
            spare: 0,
            maximum: 16,
            furtherStarts: limit,
            maximumUses: 1_000_000,
            maximumAge: .seconds(1_000_000),
            idleTimeout: .seconds(1_000_000),
            probeInterval: .seconds(1_000_000)
        )
        var pool = SandboxPool(configuration, memory: .usual)
        func startsOfMany() -> Int {
            (0..<20).map { _ in
                pool.lease(tenant: "churn", memory: .usual, isolation: .fresh).actions.creations
                    .count
            }.reduce(0, +)
        }
        #expect(startsOfMany() == 8, "while it is alone")
        pool = SandboxPool(configuration, memory: .usual)
        _ = pool.occupy(1, by: "neighbour")
        #expect(startsOfMany() == starting)
        // Whoever has none waits for none of that.
        for number in 1...3 { _ = pool.lease(tenant: "new-\(number)", memory: .usual) }
        #expect(pool.sandboxes.values.count { $0.phase == .starting } == max(starting, 4))
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
        _ = pool.occupy(1, by: "neighbour")
        let id = pool.occupy(1, by: "writer")[0]
        _ = pool.release(id, reusable: true, written: .mebibytes(80), at: .seconds(1))
        let next = pool.lease(tenant: "writer", memory: .usual)
        #expect(next.actions.isEmpty)
        // Others are served meanwhile.
        #expect(pool.lease(tenant: "other", memory: .usual).actions.creations.count == 1)
        #expect(pool.inspect(at: .milliseconds(1_499)).grants.isEmpty)
        #expect(pool.inspect(at: .milliseconds(1_500)).grants.map(\.waiter) == [next.waiter])
    }

    @Test func whoWritesMuchRunsOneProgramAtATime() throws {
        var pool = SandboxPool(configuration, memory: .usual)
        _ = pool.occupy(1, by: "neighbour")
        let ids = pool.occupy(2, by: "writer")
        for id in ids { _ = pool.release(id, reusable: true, at: .seconds(1)) }
        let both = (0..<2).map { _ in
            pool.lease(tenant: "writer", memory: .usual, at: .seconds(1)).actions.grants
        }
        #expect(both.allSatisfy { $0.count == 1 })
        for id in ids {
            _ = pool.release(id, reusable: true, written: .mebibytes(8), at: .seconds(2))
        }
        let one = (0..<2).map { _ in
            pool.lease(tenant: "writer", memory: .usual, at: .seconds(2)).actions.grants
        }
        #expect(one.map(\.count) == [1, 0])
        let leased = try #require(one[0].first?.id)
        let next = pool.release(leased, reusable: true, at: .seconds(2))
        #expect(next.grants.count == 1)
        // Once time has taken the rest, all of them may again.
        _ = pool.lease(tenant: "writer", memory: .usual, at: .seconds(2))
        #expect(pool.inspect(at: .seconds(3)).grants.count == 1)
    }

    @Test func whoIsAloneWritesAsMuchAsTheDiskTakes() {
        var pool = SandboxPool(configuration, memory: .usual)
        let id = pool.occupy(1, by: "writer")[0]
        _ = pool.release(id, reusable: true, written: .mebibytes(80), at: .seconds(1))
        #expect(pool.lease(tenant: "writer", memory: .usual).actions.grants.map(\.id) == [id])
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
