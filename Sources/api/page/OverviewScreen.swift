internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/`: what waits and runs, how it ended lately, and what is wrong.
struct OverviewScreen: Sendable {
    /// What is published later than this is late.
    private static let patience: Duration = .seconds(30)
    private static let chart = (width: 960.0, height: 94.0, base: 108.0, minutes: 60)

    let monitoring: Monitoring
    let ends: SharedReading<RecentEnds>

    private struct View: Sendable {
        struct Finding: Sendable {
            let text: String
            var path: String?
        }
        struct Bar: Sendable {
            let state: String
            let x: Int
            let y: String
            let height: String
            let title: String
        }
        struct Total: Sendable {
            let state: String
            let name: String
            let count: String
            let path: String
        }
        struct Slots: Sendable {
            let busy: Int
            let all: Int
            let share: Int
        }
        struct Lane: Sendable {
            let pool: String
            let level: String
            let path: String
            let waiting: String
            let claimed: String?
            let running: String
            let oldest: String
            let waitP50: String
            let waitP95: String
            let runP50: String
            let runP95: String
            let slots: Slots?
        }

        let time: PageTime
        let waiting: String
        let running: String
        let sandboxes: String
        let workers: Int
        let perMinute: String
        let findings: [Finding]
        let bars: [Bar]
        let peak: String
        let totals: [Total]
        let lanes: [Lane]
    }

    func screen(_ visit: Page.Visit) async throws -> Page.Screen {
        async let latest = ends.value()
        let census = try await monitoring.census.value()
        let ends = try await latest
        let lastMinute = ends.counts.filter {
            (60..<120).contains(ends.time.timeIntervalSince($0.minute))
        }
        func count(_ state: ExecutionState) -> Int {
            census.executions.reduce(0) { $0 + ($1.state == state ? $1.count : 0) }
        }
        let view = View(
            time: PageTime(ends.time),
            waiting: PageFormat.text(count(.queued)),
            running: PageFormat.text(count(.running)),
            sandboxes: PageFormat.text(census.sandboxes.reduce(0) { $0 + $1.count }),
            workers: census.workers,
            perMinute: PageFormat.text(lastMinute.reduce(0) { $0 + $1.count }),
            findings: findings(census),
            bars: Self.bars(of: ends),
            peak: Self.peak(of: ends.counts).map { "\(PageFormat.text($0)) a minute" } ?? "",
            totals: Self.totals(of: ends.counts),
            lanes: Self.lanes(census, ends.durations)
        )
        return Page.Screen("Overview", .overview, view, isLive: true)
    }

    private func findings(_ census: QueueStatistics) -> [View.Finding] {
        var findings = monitoring.readiness.findings()
            .compactMap { finding in
                finding.failure.map { View.Finding(text: "\(finding.name): \($0)") }
            }
        if census.workers == 0 {
            findings.append(View.Finding(text: "No worker is alive.", path: "ui/workers"))
        }
        if let age = census.outboxOldest, age > Self.patience {
            findings.append(
                View.Finding(
                    text: "\(PageFormat.text(census.outbox)) messages wait to be published, the "
                        + "oldest for \(PageFormat.text(age)).",
                    path: "ui/queues"
                )
            )
        }
        let letters = census.deadLetters.values.reduce(0, +)
        if letters > 0 {
            let what = letters == 1 ? "dead letter waits" : "dead letters wait"
            findings.append(
                View.Finding(
                    text: "\(PageFormat.text(letters)) \(what) for a decision.",
                    path: "ui/dead-letters"
                )
            )
        }
        return findings
    }

    // MARK: - Ends

    /// One bar a minute, the states above each other.
    private static func bars(of ends: RecentEnds) -> [View.Bar] {
        guard let peak = peak(of: ends.counts) else { return [] }
        var tops: [Int: Double] = [:]
        return ends.counts
            .sorted { $0.state.order < $1.state.order }
            .compactMap { end in
                let age = Int(ends.time.timeIntervalSince(end.minute) / 60)
                guard (0..<chart.minutes).contains(age) else { return nil }
                let height = chart.height * Double(end.count) / Double(peak)
                let bottom = tops[age, default: chart.base]
                tops[age] = bottom - height
                return View.Bar(
                    state: end.state.rawValue,
                    x: Int(chart.width) - 16 * (age + 1),
                    y: coordinate(bottom - height),
                    height: coordinate(height),
                    title: "\(end.count) \(PageFormat.words(end.state.rawValue)), "
                        + "\(age == 0 ? "this minute" : "\(age) min ago")"
                )
            }
    }

    private static func coordinate(_ value: Double) -> String {
        "\(Int(value)).\(Int(value * 10) % 10)"
    }

    private static func peak(of ends: [EndCount]) -> Int? {
        Dictionary(grouping: ends, by: \.minute).values.map { $0.reduce(0) { $0 + $1.count } }.max()
    }

    private static func totals(of ends: [EndCount]) -> [View.Total] {
        Dictionary(grouping: ends, by: \.state)
            .sorted { $0.key.order < $1.key.order }
            .map { state, ends in
                View.Total(
                    state: state.rawValue,
                    name: PageFormat.words(state.rawValue),
                    count: PageFormat.text(ends.reduce(0) { $0 + $1.count }),
                    path: "ui/executions?state=\(state.rawValue)"
                )
            }
    }

    // MARK: - Pools

    /// Each level of each pool in which something waits, runs, or ended in the last five minutes.
    private static func lanes(
        _ census: QueueStatistics,
        _ durations: [LaneDurations]
    ) -> [View.Lane] {
        struct Lane: Hashable {
            let pool: String
            let level: Level
        }
        let open = Dictionary(grouping: census.executions) { Lane(pool: $0.pool, level: $0.level) }
        let ended = Dictionary(
            durations.map { (Lane(pool: $0.pool, level: $0.level), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let slots = Dictionary(grouping: census.sandboxes, by: \.pool)
            .mapValues { sandboxes in
                let all = sandboxes.reduce(0) { $0 + $1.count }
                let busy = sandboxes.reduce(0) { $0 + ($1.state == "leased" ? $1.count : 0) }
                return View.Slots(busy: busy, all: all, share: all == 0 ? 0 : 100 * busy / all)
            }
        var told: Set<String> = []
        return Set(open.keys).union(ended.keys)
            .sorted { ($0.pool, $0.level.order) < ($1.pool, $1.level.order) }
            .map { lane in
                let rows = open[lane] ?? []
                func count(_ state: ExecutionState) -> Int {
                    rows.reduce(0) { $0 + ($1.state == state ? $1.count : 0) }
                }
                let claimed = rows.reduce(0) { $0 + $1.claimed }
                return View.Lane(
                    pool: lane.pool,
                    level: lane.level.rawValue,
                    path:
                        "ui/executions?pool=\(lane.pool.queryEscaped)&level=\(lane.level.rawValue)",
                    waiting: PageFormat.text(count(.queued)),
                    claimed: claimed > 0 ? PageFormat.text(claimed) : nil,
                    running: PageFormat.text(count(.running)),
                    oldest: rows.compactMap(\.oldest).max().map { PageFormat.text($0) } ?? "",
                    waitP50: ended[lane].map { PageFormat.text($0.wait.p50) } ?? "",
                    waitP95: ended[lane].map { PageFormat.text($0.wait.p95) } ?? "",
                    runP50: ended[lane].map { PageFormat.text($0.run.p50) } ?? "",
                    runP95: ended[lane].map { PageFormat.text($0.run.p95) } ?? "",
                    slots: told.insert(lane.pool).inserted ? slots[lane.pool] : nil
                )
            }
    }
}

extension ExecutionState {
    /// Its place where states stand in order.
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Level {
    /// Its place where levels stand in order.
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
