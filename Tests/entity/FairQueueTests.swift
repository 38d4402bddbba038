import SandmillEntity
import TestSupport
import Testing

@Suite("FairQueue")
struct FairQueueTests {
    @Test func withEveryLevelSaturatedAnySeventeenTurnsAreSharedByWeight() {
        var queue = FairQueue<Job>()
        for level in Level.allCases {
            for number in 0..<200 { queue.add(Job(level.rawValue, number), level: level) }
        }
        let served = (0..<170).compactMap { _ in queue.next(at: .zero)?.tenant }
        for start in 0...(served.count - 17) {
            let window = served[start..<(start + 17)]
            let counts = ["high", "normal", "low"].map { name in window.count { $0 == name } }
            #expect(counts == [12, 4, 1])
        }
    }

    @Test(arguments: [0, 1, 500])
    func aHighBehindAThousandLowIsNext(served: Int) {
        var queue = FairQueue<Job>()
        for number in 0..<1_000 { queue.add(Job("a", number), level: .low) }
        for _ in 0..<served { _ = queue.next(at: .seconds(3_600)) }
        queue.add(Job("a", -1), level: .high, since: .seconds(3_600))
        #expect(queue.next(at: .seconds(3_600)) == Job("a", -1))
    }

    @Test func aTenantThatJoinsWaitsForOneElementOfEachOther() {
        var queue = FairQueue<Job>()
        for tenant in ["a", "b", "c"] {
            for number in 0..<300 { queue.add(Job(tenant, number), cost: 1 + number % 7) }
        }
        for _ in 0..<100 { _ = queue.next(at: .zero) }
        queue.add(Job("new", 0), cost: 50)
        let served = (0..<4).compactMap { _ in queue.next(at: .zero)?.tenant }
        #expect(served.contains("new"))
        #expect(Set(served).count == served.count)
    }

    /// Bound 3, with tenants, levels and unservable elements at random.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func nobodyThatJoinsWaitsForTwoElementsOfAnyTenant(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = FairQueue<Job>()
        var waiting: [String: Int] = [:]
        var passed: [String: [String: Int]] = [:]
        for number in 0..<2_000 {
            if Bool.random(using: &random) {
                let tenant = "t\(Int.random(in: 0..<8, using: &random))"
                if waiting[tenant, default: 0] == 0 { passed[tenant] = [:] }
                waiting[tenant, default: 0] += 1
                queue.add(Job(tenant, number))
            }
            let blocked = "t\(Int.random(in: 0..<8, using: &random))"
            guard let job = queue.next(at: .zero, where: { $0.tenant != blocked }) else { continue }
            waiting[job.tenant, default: 0] -= 1
            passed[job.tenant] = nil
            for tenant in passed.keys where tenant != blocked {
                passed[tenant]?[job.tenant, default: 0] += 1
            }
            #expect(passed.values.allSatisfy { $0.values.allSatisfy { $0 <= 1 } })
        }
    }

    @Test func newTenantsWithoutEndDoNotKeepTheOthersOut() {
        var queue = FairQueue<Job>()
        for number in 0..<100 { queue.add(Job("a", number)) }
        var served = 0
        for number in 0..<100 {
            queue.add(Job("new \(number)", 0))
            if queue.next(at: .zero)?.tenant == "a" { served += 1 }
        }
        #expect(served >= 10)
    }

    @Test func tenantsAreServedTheSameCostInTheLongRun() {
        var queue = FairQueue<Job>()
        for number in 0..<500 {
            queue.add(Job("costly", number), cost: 10)
            queue.add(Job("cheap", number), cost: 1)
        }
        let served = (0..<220).compactMap { _ in queue.next(at: .zero)?.tenant }
        #expect(served.count { $0 == "costly" } == 20)
    }

    @Test func whatATenantOwesIsPaidThoughItLeftInBetween() {
        var queue = FairQueue<Job>()
        for number in 0..<100 { queue.add(Job("cheap", number)) }
        var costly = 0
        for number in 0..<110 {
            if !queue.elements.contains(where: { $0.tenant == "costly" }) {
                queue.add(Job("costly", number), cost: 10)
            }
            if queue.next(at: .zero)?.tenant == "costly" { costly += 1 }
        }
        #expect(costly == 10 || costly == 11)
    }

    @Test func aTenantThatComesBackIsOwedNothing() {
        var queue = FairQueue<Job>()
        for number in 0..<1_000 { queue.add(Job("steady", number)) }
        queue.add(Job("guest", 0))
        for _ in 0..<500 { _ = queue.next(at: .zero) }
        for number in 1...10 { queue.add(Job("guest", number)) }
        let served = (0..<10).compactMap { _ in queue.next(at: .zero)?.tenant }
        #expect(served.count { $0 == "guest" } == 5)
    }

    @Test func aTenantThatCouldNotBeServedIsOwedOneTurn() {
        var queue = FairQueue<Job>()
        for number in 0..<200 {
            queue.add(Job("blocked", number))
            queue.add(Job("free", number))
        }
        for _ in 0..<100 { _ = queue.next(at: .zero) { $0.tenant == "free" } }
        let served = (0..<11).compactMap { _ in queue.next(at: .zero)?.tenant }
        #expect(served.first == "blocked")
        #expect(served.count { $0 == "blocked" } == 6)
    }

    @Test func theElementsOfATenantComeInTheirOrder() {
        var queue = FairQueue<Job>()
        for number in 0..<5 { queue.add(Job("a", number)) }
        #expect(queue.next(at: .zero) { $0.number > 1 } == Job("a", 2))
        #expect((0..<4).compactMap { _ in queue.next(at: .zero)?.number } == [0, 1, 3, 4])
    }

    @Test func anElementThatHasWaitedRaisesItsLevel() {
        var queue = FairQueue<Job>()
        for level in Level.allCases {
            for number in 0..<200 { queue.add(Job(level.rawValue, number), level: level) }
        }
        queue.removeAll { $0.tenant == "low" }
        for number in 0..<200 {
            queue.add(Job("low", number), level: .low, since: .seconds(-60))
        }
        let served = (0..<180).compactMap { _ in queue.next(at: .zero)?.tenant }
        #expect(served.count { $0 == "low" } == 20)
    }

    @Test func whatIsRemovedIsNotServedAndNotPaidFor() {
        var queue = FairQueue<Job>()
        for number in 0..<4 { queue.add(Job("a", number), cost: 100) }
        queue.add(Job("b", 0))
        queue.removeAll { $0.tenant == "a" && $0.number < 3 }
        #expect(queue.count == 2)
        #expect(queue.counts == ["a": 1, "b": 1])
        #expect(Set(queue.elements) == [Job("a", 3), Job("b", 0)])
        #expect((0..<3).map { _ in queue.next(at: .zero) } == [Job("a", 3), Job("b", 0), nil])
        #expect(queue.isEmpty)
        #expect(queue.counts.isEmpty)
    }
}

private struct Job: Hashable {
    let tenant: String
    let number: Int

    init(_ tenant: String, _ number: Int) {
        self.tenant = tenant
        self.number = number
    }
}

extension FairQueue<Job> {
    fileprivate mutating func add(
        _ job: Job,
        level: Level = .normal,
        cost: Int = 1,
        since: Duration = .zero
    ) {
        append(job, level: level, tenant: job.tenant, cost: cost, since: since)
    }
}
