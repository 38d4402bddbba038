public import FoundationEssentials
internal import SandmillEntity

/// Keeps the figures of an overview for all who look, so that however many they are, the record store
/// counts at most once a second, and for at most a tenth of the time.
///
/// Nobody who looks waits for a count but the first: they get the last, while the next is made.
public actor OverviewCache {
    /// An overview, and how executions ended in the last hour.
    public struct Snapshot: Sendable {
        /// When it was taken.
        public let time: Date
        /// What waits and runs.
        public let overview: InstallationOverview
        /// What ended in the last hour, in order of the minutes.
        public let ends: [EndCount]
    }

    /// How long ends are told of.
    private static let window: TimeInterval = 3_600
    /// A transaction may commit so long after the time that it wrote down.
    private static let settling: TimeInterval = 90

    private let source: any OverviewSource
    private let pools: [String]
    private let clock = ContinuousClock()
    private var ends: [EndCount] = []
    private var snapshot: Snapshot?
    private var nextAt: ContinuousClock.Instant?
    private var count: Task<Snapshot, any Error>?

    /// Keeps the figures of `pools`, counted by `source`.
    public init(source: any OverviewSource, pools: [String]) {
        self.source = source
        self.pools = pools
    }

    /// The latest figures.
    ///
    /// - Throws: ``StoreError``, where there are none yet or the last were taken a minute ago.
    public func latest() async throws -> Snapshot {
        if count == nil, nextAt.map({ clock.now >= $0 }) ?? true { count = Task { try await take() } }
        if let snapshot, snapshot.time.timeIntervalSinceNow > -60 { return snapshot }
        guard let count else { throw StoreError(.unavailable, "the last count failed") }
        return try await count.value
    }

    private func take() async throws -> Snapshot {
        let start = clock.now
        defer {
            count = nil
            nextAt = clock.now + max(.seconds(1), (clock.now - start) * 9)
        }
        let now = Date()
        let overview = try await source.overview(pools: pools)
        // Minutes that are over are not counted again.
        let known = ends.last.map { $0.minute.addingTimeInterval(-Self.settling) }
        let since = max(known ?? .distantPast, now.addingTimeInterval(-Self.window))
        let minute = Date(timeIntervalSince1970: (since.timeIntervalSince1970 / 60).rounded(.down) * 60)
        let counts = try await source.ends(in: pools, since: minute)
        ends = ends.filter {
            $0.minute < minute && $0.minute.timeIntervalSince(now) > -Self.window
        }
        ends += counts
        let taken = Snapshot(time: now, overview: overview, ends: ends)
        snapshot = taken
        return taken
    }
}
