public import FoundationEssentials

/// Reads how the members of batches ended.
public protocol BatchResults: Sendable {
    /// Reads the result documents of members that have ended, by their ids upwards.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - id: Only members with a greater id are read; nil for all.
    ///   - limit: The most that is read.
    /// - Returns: The documents.
    /// - Throws: ``StoreError``.
    func results(
        of batch: UUID,
        after id: UUID?,
        limit: Int
    ) async throws(StoreError) -> [MemberResult]
}
