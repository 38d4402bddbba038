public import FoundationEssentials

/// Reads the records of executions.
public protocol ExecutionRecords: Sendable {
    /// Reads one execution; nil when there is none.
    func execution(_ id: UUID) async throws(StoreError) -> ExecutionRecord?
}
