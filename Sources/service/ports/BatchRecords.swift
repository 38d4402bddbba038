public import FoundationEssentials

/// Reads the records of batches.
public protocol BatchRecords: Sendable {
    /// Reads a batch; nil when there is none.
    func batch(_ id: UUID) async throws(StoreError) -> BatchRecord?
}
