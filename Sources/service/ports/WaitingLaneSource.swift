/// Tells whose executions wait in the store.
public protocol WaitingLaneSource: Sendable {
    /// Reads up to `limit` lanes, those with most first.
    func waitingLanes(limit: Int) async throws(StoreError) -> [WaitingLane]
}
