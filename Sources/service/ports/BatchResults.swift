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

/// How a member of a batch ended.
public struct MemberResult: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Its result document, JSON on one line.
    public var document: String

    /// Describes an end.
    public init(id: UUID, document: String) {
        self.id = id
        self.document = document
    }
}
