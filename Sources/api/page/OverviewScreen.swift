internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/`: what waits and runs, how it ended lately, and what is wrong.
struct OverviewScreen: Sendable {
    /// What is published later than this is late.
    private static let patience: TimeInterval = 30
    private static let chart = (width: 960.0, height: 94.0, base: 108.0, minutes: 60)

    let overviews: OverviewCache
    let readiness: Readiness

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
        let snapshot = try await overviews.latest()
        let overview = snapshot.overview
        let lastMinute = snapshot.ends
            .filter { $0.minute > snapshot.time.addingTimeInterval(-120) }
            .filter { $0.minute <= snapshot.time.addingTimeInterval(-60) }
        let view = View(
            time: PageTime(snapshot.time),
            waiting: PageFormat.text(overview.lanes.reduce(0) { $0 + $1.waiting }),
            running: PageFormat.text(overview.lanes.reduce(0) { $0 + $1.running }),
            sandboxes: PageFormat.text(overview.sandboxes.reduce(0) { $0 + $1.count }),
            workers: overview.workers,
            perMinute: PageFormat.text(lastMinute.reduce(0) { $0 + $1.count }),
            findings: findings(overview, at: snapshot.time),
            bars: Self.bars(of: snapshot),
            peak: Self.peak(of: snapshot.ends).map { "\(PageFormat.text($0)) a minute" } ?? "",
            totals: Self.totals(of: snapshot.ends),
            lanes: Self.lanes(overview, at: snapshot.time)
        )
        return Page.Screen("Overview", .overview, view, isLive: true)
    }

    private func findings(
        _ overview: InstallationOverview,
        at time: Date
    ) -> [View.Finding] {
        var findings = readiness.findings()
            .compactMap { finding in
                finding.failure.map { View.Finding(text: "\(finding.name): \($0)") }
            }
        if overview.workers == 0 {
            findings.append(View.Finding(text: "No worker is alive.", path: "ui/workers"))
        }
        if let due = overview.outboxDueAt, time.timeIntervalSince(due) > Self.patience {
            let age = PageFormat.text(.seconds(time.timeIntervalSince(due)))
            findings.append(
                View.Finding(
                    text: "\(PageFormat.text(overview.outbox)) messages wait to be published, the "
                        + "oldest for \(age).",
                    path: "ui/queues"
                )
            )
        }
        if overview.deadLetters > 0 {
            let count = PageFormat.text(overview.deadLetters)
            let what = overview.deadLetters == 1 ? "dead letter waits" : "dead letters wait"
            findings.append(
                View.Finding(text: "\(count) \(what) for a decision.", path: "ui/dead-letters")
            )
        }
        return findings
    }

    // MARK: - Ends

    /// One bar a minute, the states above each other.
    private static func bars(of snapshot: OverviewCache.Snapshot) -> [View.Bar] {
        guard let peak = peak(of: snapshot.ends) else { return [] }
        var tops: [Int: Double] = [:]
        return snapshot.ends
            .sorted { $0.state.order < $1.state.order }
            .compactMap { end in
                let age = Int(snapshot.time.timeIntervalSince(end.minute) / 60)
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

    private static func lanes(_ overview: InstallationOverview, at time: Date) -> [View.Lane] {
        let slots = Dictionary(grouping: overview.sandboxes, by: \.pool)
            .mapValues { sandboxes in
                let all = sandboxes.reduce(0) { $0 + $1.count }
                let busy = sandboxes.filter { $0.state == "leased" }.reduce(0) { $0 + $1.count }
                return View.Slots(busy: busy, all: all, share: all == 0 ? 0 : 100 * busy / all)
            }
        var told: Set<String> = []
        return overview.lanes
            .sorted { ($0.pool, $0.level.order) < ($1.pool, $1.level.order) }
            .map { lane in
                View.Lane(
                    pool: lane.pool,
                    level: lane.level.rawValue,
                    path: "ui/executions?pool=\(lane.pool.queryEscaped)&level=\(lane.level.rawValue)",
                    waiting: PageFormat.text(lane.waiting),
                    running: PageFormat.text(lane.running),
                    oldest: lane.oldest.map {
                        PageFormat.text(.seconds(max(0, time.timeIntervalSince($0))))
                    } ?? "",
                    waitP50: lane.wait.map { PageFormat.text($0.p50) } ?? "",
                    waitP95: lane.wait.map { PageFormat.text($0.p95) } ?? "",
                    runP50: lane.run.map { PageFormat.text($0.p50) } ?? "",
                    runP95: lane.run.map { PageFormat.text($0.p95) } ?? "",
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
