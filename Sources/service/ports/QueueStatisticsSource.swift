/// Counts what an installation has to do and what it does it with.
public protocol QueueStatisticsSource: Sendable {
    /// Counts everything, each figure as it is at some moment of the call.
    func census() async throws(StoreError) -> QueueStatistics
}
