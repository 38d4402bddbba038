/// What waits, in the order in which it is served: fair between levels, within a level between
/// tenants, and first come, first served within a tenant.
///
/// A value without a clock; times are monotonic, from any origin. ``next(at:where:)`` looks at each
/// element once, the predicate included; everything else but removal is constant.
///
/// Bounds, for what the predicate lets through:
/// 1. A level's share of the turns is its weight's, and its oldest element's age adds to it:
///    ``LevelScheduler``'s bounds. With every level saturated `low` has one turn in 17.
/// 2. A high that joins while only lower levels are served is next, however many they are.
/// 3. A tenant that joins a level waits for at most one element of each other tenant there, however
///    many they have queued and whatever its own costs, unless it owes for what it had before.
/// 4. Between two turns of a tenant, the first of cost `c`, each other tenant of its level is served
///    elements of cost `c` together, and one more.
/// 5. Nothing is saved up: a tenant that was away, or could not be served, is owed one turn at most;
///    what it owes is paid as the others are served, and forgotten once its level is empty.
/// 6. What is remembered of tenants that left is no more than the largest cost times the most
///    that have waited at once.
public struct FairQueue<Element: Sendable>: Sendable {
    private var queues: [Level: TenantQueue<Element>] = [:]
    private var scheduler: LevelScheduler

    /// How many wait.
    public private(set) var count = 0
    /// How many wait of each tenant that has any.
    public private(set) var counts: [String: Int] = [:]

    /// Starts empty.
    public init(scheduler: LevelScheduler = LevelScheduler()) {
        self.scheduler = scheduler
    }

    /// Whether nothing waits.
    public var isEmpty: Bool { count == 0 }

    /// All that wait, in no order.
    public var elements: [Element] { queues.values.flatMap(\.elements) }

    /// Adds an element of a cost from 1, which has waited since then.
    public mutating func append(
        _ element: Element,
        level: Level,
        tenant: String,
        cost: Int = 1,
        since: Duration
    ) {
        precondition(cost >= 1, "what costs nothing is served without end")
        let entry = TenantQueue.Entry(element: element, cost: cost, since: since)
        queues[level, default: TenantQueue()].append(entry, of: tenant)
        counts[tenant, default: 0] += 1
        count += 1
    }

    /// Removes the element whose turn it is among those that satisfy the predicate; nil when none
    /// does.
    public mutating func next(
        at now: Duration,
        where isServable: (Element) -> Bool = { _ in true }
    ) -> Element? {
        let waiting = Level.allCases.filter { queues[$0]?.isEmpty == false }
        var turns: [Level: TenantQueue<Element>.Turn] = [:]
        for level in waiting { turns[level] = queues[level]?.turn(where: isServable) }
        if turns.isEmpty { return nil }
        let ages = queues.compactMapValues { $0.since.map { now - $0 } }
        let level = scheduler.next(among: waiting, ages: ages) { turns[$0] != nil }
        guard let level, let turn = turns[level], let element = queues[level]?.take(turn)
        else { return nil }
        forget(turn.tenant)
        return element
    }

    /// Removes every element that satisfies the predicate, as if it had never been there.
    public mutating func removeAll(where isRemoved: (Element) -> Bool) {
        for level in Level.allCases {
            let tenants = queues[level]?.removeAll(where: isRemoved) ?? []
            for tenant in tenants { forget(tenant) }
        }
    }

    private mutating func forget(_ tenant: String) {
        count -= 1
        counts[tenant] = counts[tenant].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
}
