/// The elements of one level, fair between their tenants: deficit round robin, paid afterwards.
///
/// Tenants have turns in rounds. An element of cost `c` keeps its tenant out of the `c - 1` rounds
/// that follow, so a costly element is paid for once it was served, not before: whoever joins is
/// served in the next round whatever it costs.
struct TenantQueue<Element: Sendable>: Sendable {
    /// An element that waits.
    struct Entry: Sendable {
        let element: Element
        let cost: Int
        let since: Duration
    }

    /// Whose turn it is, with which of its elements.
    struct Turn: Sendable {
        let tenant: String
        fileprivate let index: Int
    }

    private struct Line: Sendable {
        var entries: [Entry] = []
        var round: Int
        var place: Int
    }

    private var lines: [String: Line] = [:]
    /// The rounds in which tenants that left are served again, where that is not the next.
    private var debts: [String: Int] = [:]
    private var round = 0
    private var lastPlace = 0

    var isEmpty: Bool { lines.isEmpty }

    var elements: [Element] { lines.values.flatMap { $0.entries.map { $0.element } } }

    /// Since when the oldest element waits.
    var since: Duration? {
        var oldest: Duration?
        // Loops: key paths of a generic type cost more here than all the rest of a turn.
        for line in lines.values {
            for entry in line.entries { oldest = min(oldest ?? entry.since, entry.since) }
        }
        return oldest
    }

    mutating func append(_ entry: Entry, of tenant: String) {
        if lines[tenant] == nil {
            let debt = debts.removeValue(forKey: tenant) ?? 0
            lines[tenant] = Line(round: max(debt, round + 1), place: nextPlace())
        }
        lines[tenant]?.entries.append(entry)
    }

    /// The turn among those whose element satisfies the predicate; nil when none does.
    func turn(where isServable: (Element) -> Bool) -> Turn? {
        var best: (turn: Turn, line: Line)?
        for (tenant, line) in lines {
            if let best, (best.line.round, best.line.place) < (line.round, line.place) { continue }
            guard let index = line.entries.firstIndex(where: { isServable($0.element) })
            else { continue }
            best = (Turn(tenant: tenant, index: index), line)
        }
        return best?.turn
    }

    /// Removes the element of a turn, which its tenant pays for.
    mutating func take(_ turn: Turn) -> Element {
        guard var line = lines.removeValue(forKey: turn.tenant) else {
            preconditionFailure("a turn is taken before anything else happens")
        }
        let entry = line.entries.remove(at: turn.index)
        // A tenant that could not be served for some rounds is owed this turn and no other.
        round = max(round, line.round)
        line.round = round + entry.cost
        line.place = nextPlace()
        put(line, of: turn.tenant)
        debts = debts.filter { $0.value > round + 1 }
        return entry.element
    }

    /// Removes what satisfies the predicate, for nothing; returns whose it was.
    mutating func removeAll(where isRemoved: (Element) -> Bool) -> [String] {
        var tenants: [String] = []
        for (tenant, var line) in lines {
            let count = line.entries.count
            line.entries.removeAll { isRemoved($0.element) }
            guard line.entries.count < count else { continue }
            tenants += repeatElement(tenant, count: count - line.entries.count)
            lines[tenant] = nil
            put(line, of: tenant)
        }
        return tenants
    }

    /// Keeps a line that goes on, and of one that ended what its tenant owes.
    private mutating func put(_ line: Line, of tenant: String) {
        if !line.entries.isEmpty {
            lines[tenant] = line
        } else if lines.isEmpty {
            debts = [:]
        } else if line.round > round + 1 {
            debts[tenant] = line.round
        }
    }

    private mutating func nextPlace() -> Int {
        lastPlace += 1
        return lastPlace
    }
}
