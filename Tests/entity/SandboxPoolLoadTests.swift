import SandmillEntity
import Testing

/// The pool under long loads, in simulated time: shares, delays and what making room costs.
@Suite("SandboxPool, under load")
struct SandboxPoolLoadTests {
    @Test func aTenantWithTenThousandQueuedDoesNotDelayTheFirstOfAnother() throws {
        var load = SimulatedPool(spare: 2, maximum: 4)
        load.add(
            .init(tenant: "busy", level: .normal, duration: .milliseconds(5), remaining: 10_000)
        )
        load.run(for: .seconds(2))
        let before = load.now
        load.add(.init(tenant: "new", level: .normal, duration: .milliseconds(5), remaining: 1))
        let first = try #require(load.starts.first { $0.tenant == "new" })
        #expect(first.at == before)
        #expect(load.starts.count < 10_000)
    }

    @Test func aSecondNewTenantWaitsForOneProgramAndOneStart() throws {
        var load = SimulatedPool(spare: 1, maximum: 4)
        load.add(.init(tenant: "busy", level: .normal, duration: .milliseconds(200)))
        load.run(for: .seconds(2))
        load.add(.init(tenant: "first", level: .normal, duration: .seconds(60)))
        load.add(.init(tenant: "second", level: .low, duration: .milliseconds(5)))
        load.run(for: .seconds(2))
        let start = try #require(load.starts.first { $0.tenant == "second" })
        #expect(start.at - start.asked <= .milliseconds(200 + 100 + 500))
    }

    @Test func aLoneTenantLeavesOneSandboxToTheNext() {
        var load = SimulatedPool(spare: 2, maximum: 4)
        load.add(.init(tenant: "a", level: .normal, duration: .seconds(1)))
        load.run(for: .seconds(30))
        #expect(load.pool.sandboxes.values.count { $0.phase == .leased } == 3)
        #expect(load.pool.sandboxes.values.count { $0.tenant == nil } == 2)
        #expect(load.creationCount == 5)
    }

    @Test func withEveryLevelSaturatedEachGetsItsShareOfTheStarts() {
        var load = SimulatedPool(spare: 1, maximum: 4)
        for level in Level.allCases {
            load.add(.init(tenant: "a", level: level, duration: .milliseconds(7)))
        }
        load.run(for: .seconds(1))
        let before = load.now
        load.run(for: .seconds(20))
        let starts = load.starts(since: before)
        for (level, weight) in [(Level.high, 12), (.normal, 4), (.low, 1)] {
            let share = Double(starts.count { $0.level == level }) / Double(starts.count)
            #expect(abs(share * 17 - Double(weight)) < 0.6)
        }
    }

    @Test func twoTenantsGetAsMuchEachHoweverMuchOneHasQueued() {
        var load = SimulatedPool(spare: 0, maximum: 4)
        load.add(.init(tenant: "a", level: .normal, duration: .milliseconds(50), window: 40))
        load.run(for: .seconds(10))
        load.add(.init(tenant: "b", level: .normal, duration: .milliseconds(50), window: 2))
        load.run(for: .seconds(10))
        let before = load.now
        load.run(for: .seconds(20))
        let starts = load.starts(since: before)
        let share = Double(starts.count { $0.tenant == "b" }) / Double(starts.count)
        #expect(abs(share - 0.5) < 0.02)
    }

    @Test(arguments: [5, 3_000])
    func threeTenantsThatSaturateFourSandboxesKeepThem(milliseconds: Int) {
        var load = SimulatedPool(spare: 0, maximum: 4)
        for tenant in ["a", "b", "c"] {
            load.add(
                .init(tenant: tenant, level: .normal, duration: .milliseconds(milliseconds))
            )
        }
        load.run(for: .seconds(20))
        let before = load.creationCount
        load.run(for: .seconds(milliseconds < 1_000 ? 20 : 300))
        #expect(load.creationCount == before)
        #expect(load.creationCount <= 4 + 3)
    }

    @Test func threeTenantsAndASpareKeepTheirSandboxes() {
        var load = SimulatedPool(spare: 2, maximum: 4)
        for tenant in ["a", "b", "c"] {
            load.add(.init(tenant: tenant, level: .normal, duration: .milliseconds(20)))
        }
        load.run(for: .seconds(20))
        let before = load.creationCount
        load.run(for: .seconds(40))
        #expect(load.creationCount == before)
        for tenant in ["a", "b", "c"] {
            #expect(load.pool.sandboxes.values.contains { $0.tenant == tenant })
        }
    }

    @Test func aHundredTenantsWithOneProgramEachTakeASandboxEachAndNoMore() {
        var load = SimulatedPool(spare: 2, maximum: 4)
        for number in 0..<100 {
            let tenant = "t\(number)"
            load.add(
                .init(tenant: tenant, level: .normal, duration: .milliseconds(5), remaining: 1)
            )
        }
        load.run(for: .seconds(60))
        #expect(Set(load.starts.map(\.tenant)).count == 100)
        #expect(load.creationCount <= 100 + 2)
    }

    @Test func aHundredTenantsThatSaturateGetATurnEach() {
        var load = SimulatedPool(spare: 2, maximum: 4)
        for number in 0..<100 {
            let tenant = "t\(number)"
            load.add(.init(tenant: tenant, level: .normal, duration: .milliseconds(50), window: 1))
        }
        load.run(for: .seconds(80))
        #expect(Set(load.starts.map(\.tenant)).count == 100)
        // A turn of two seconds each.
        #expect(load.creationCount <= 80 * 4 / 2 + 4)
        #expect(load.starts.count > 40 * load.creationCount / 2)
    }

    @Test func aHighStreamDoesNotKeepTheLowOfAnotherTenantOut() throws {
        var load = SimulatedPool(spare: 0, maximum: 2)
        load.add(.init(tenant: "urgent", level: .high, duration: .milliseconds(20), window: 40))
        load.run(for: .seconds(5))
        load.add(.init(tenant: "patient", level: .low, duration: .milliseconds(20)))
        load.run(for: .seconds(5))
        let first = try #require(load.starts.first { $0.tenant == "patient" })
        #expect(first.at - first.asked < .seconds(1))
    }

    @Test func aTenantsMaximumHoldsUnderLoad() {
        var load = SimulatedPool(spare: 1, maximum: 6, tenantMaximum: 2)
        load.add(.init(tenant: "a", level: .normal, duration: .seconds(1)))
        load.run(for: .seconds(10))
        #expect(load.starts(since: .zero).count >= 2 * 9)
        #expect(load.pool.sandboxes.values.count { $0.tenant == "a" } == 2)
    }

    @Test(arguments: [SandboxPool.turn * 3, SandboxPool.turn * 10])
    func fiveTenantsThatSendOneAfterTheOtherHaveTurnsOnFourSandboxes(time: Duration) {
        var load = SimulatedPool(spare: 2, maximum: 4)
        for number in 0..<5 {
            let pause = Duration.milliseconds(20)
            load.add(
                .init(
                    tenant: "t\(number)",
                    level: .normal,
                    duration: .milliseconds(5),
                    window: 1,
                    pause: pause
                )
            )
        }
        load.run(for: time)
        // Two starts a second, whatever the programs take.
        #expect(load.creationCount <= 8 + Int(time / SandboxPool.turn) * 4)
        #expect(load.starts.count > 40 * load.creationCount)
        for number in 0..<5 {
            let starts = load.starts.filter { $0.tenant == "t\(number)" }
            #expect(starts.allSatisfy { $0.at - $0.asked <= SandboxPool.turn })
            #expect(starts.count * 8 > load.starts.count)
        }
    }

    @Test func newTenantsAreServedAsQuicklyAsSandboxesStart() throws {
        var load = SimulatedPool(spare: 2, maximum: 4)
        for number in 0..<200 {
            load.add(
                .init(
                    tenant: "t\(number)",
                    level: .normal,
                    duration: .milliseconds(5),
                    remaining: 1
                )
            )
        }
        load.run(for: .seconds(51))
        // Two at once, half a second each.
        #expect(load.starts.count == 200)
    }

    @Test func oneTenantsFreshSandboxesKeepNoOtherTenantWaiting() throws {
        var load = SimulatedPool(spare: 2, maximum: 4)
        load.add(
            .init(
                tenant: "churn",
                level: .normal,
                duration: .milliseconds(5),
                window: 50,
                isolation: .fresh
            )
        )
        load.run(for: .seconds(5))
        load.add(
            .init(
                tenant: "steady",
                level: .normal,
                duration: .milliseconds(5),
                window: 1,
                pause: .milliseconds(300)
            )
        )
        load.run(for: .seconds(20))
        let steady = load.starts.filter { $0.tenant == "steady" }
        #expect(steady.allSatisfy { $0.at == $0.asked })
        for number in 0..<10 {
            load.add(
                .init(
                    tenant: "new-\(number)",
                    level: .low,
                    duration: .milliseconds(5),
                    remaining: 1
                )
            )
            load.run(for: .seconds(2))
        }
        let new = load.starts.filter { $0.tenant.hasPrefix("new") }
        #expect(new.count == 10)
        #expect(new.allSatisfy { $0.at - $0.asked <= .milliseconds(500) })
    }

    /// Nine tenants send one program after the other, with pauses, beside one that would use all.
    @Test(arguments: [Isolation.tenant, .fresh])
    func nineTenantsKeepTheirSandboxesBesideOneThatWantsAll(isolation: Isolation) {
        var load = SimulatedPool(spare: 2, maximum: 16)
        load.add(
            .init(
                tenant: "greedy",
                level: .normal,
                duration: .milliseconds(400),
                window: 50,
                isolation: isolation
            )
        )
        load.run(for: .seconds(5))
        for number in 0..<9 {
            load.add(
                .init(
                    tenant: "t\(number)",
                    level: .normal,
                    duration: .milliseconds(30),
                    window: 1,
                    pause: .milliseconds(700 + 70 * number)
                )
            )
            load.run(for: .milliseconds(700))
        }
        load.run(for: .seconds(20))
        let before = load.now
        let kept = load.pool.sandboxes.filter { $0.value.tenant?.hasPrefix("t") == true }.keys
        #expect(kept.count == 9)
        load.run(for: .seconds(60))
        #expect(Set(load.pool.sandboxes.keys).isSuperset(of: kept))
        let starts = load.starts(since: before)
        #expect(starts.allSatisfy { $0.tenant == "greedy" || $0.at == $0.asked })
        // All but the nine and the one that is kept are the other's.
        #expect(starts.count { $0.tenant == "greedy" } >= 6 * 120)
    }
}
