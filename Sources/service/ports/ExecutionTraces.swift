public import FoundationEssentials

/// Tells where executions are and how they came there.
public protocol ExecutionTraces: Sendable {
    /// Reads what is known of an execution beside its record; nil when there is none.
    func trace(_ id: UUID) async throws(StoreError) -> ExecutionTrace?
}
