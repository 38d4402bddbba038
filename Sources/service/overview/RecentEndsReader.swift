public import FoundationEssentials
internal import SandmillEntity

/// Reads how executions ended in the last hour, and counts no minute again that is over.
public actor RecentEndsReader {
    private static let window: TimeInterval = 3_600
    /// A transaction may commit so long after the time that it wrote down.
    private static let settling: TimeInterval = 90

    private let source: any RecentEndsSource
    private let pools: [String]
    private var counts: [EndCount] = []
    private var countedAt: Date?

    /// Reads of `pools`, from `source`.
    public init(source: any RecentEndsSource, pools: [String]) {
        self.source = source
        self.pools = pools
    }

    /// Reads what is new.
    public func read(at now: Date = Date()) async throws(StoreError) -> RecentEnds {
        let settled = countedAt.map { $0.addingTimeInterval(-Self.settling) }
        let since = max(settled ?? .distantPast, now.addingTimeInterval(-Self.window))
        let minute = Date(
            timeIntervalSince1970: (since.timeIntervalSince1970 / 60).rounded(.down) * 60
        )
        let new = try await source.ends(in: pools, since: minute)
        let oldest = now.addingTimeInterval(-Self.window)
        counts = counts.filter { $0.minute < minute && $0.minute > oldest } + new
        countedAt = now
        let durations = try await source.durations(in: pools)
        return RecentEnds(time: now, durations: durations, counts: counts)
    }
}
