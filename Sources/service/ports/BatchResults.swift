public import FoundationEssentials
public import SandmillEntity

/// Reads how the members of batches ended.
public protocol BatchResults: Sendable {
    /// Reads the result documents of members that have ended, by their ids upwards.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - id: Only members with a greater id are read; nil for all.
    ///   - states: Only members that ended in one of these are read; empty for all.
    ///   - limit: The most that is read.
    /// - Returns: The documents.
    /// - Throws: ``StoreError``.
    func results(
        of batch: UUID,
        after id: UUID?,
        states: [ExecutionState],
        limit: Int
    ) async throws(StoreError) -> [MemberResult]

    /// Reads the ids of the same members, without their documents.
    func membersWithResults(
        of batch: UUID,
        after id: UUID?,
        states: [ExecutionState],
        limit: Int
    ) async throws(StoreError) -> [UUID]
}

extension BatchResults {
    /// Reads the result documents of members that have ended in any state, by their ids upwards.
    public func results(
        of batch: UUID,
        after id: UUID?,
        limit: Int
    ) async throws(StoreError) -> [MemberResult] {
        try await results(of: batch, after: id, states: [], limit: limit)
    }
}
