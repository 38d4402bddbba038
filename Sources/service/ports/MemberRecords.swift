public import FoundationEssentials

/// Reads what is known of members of batches, by their ids.
public protocol MemberRecords: Sendable {
    /// Reads in which batches executions are.
    ///
    /// - Parameters:
    ///   - ids: The executions.
    ///   - tenant: Whose they have to be.
    /// - Returns: The batches, by the ids of their members; nothing for what is not known or in no batch.
    /// - Throws: ``StoreError``.
    func batches(
        of ids: [UUID],
        tenant: String
    ) async throws(StoreError) -> [UUID: UUID]

    /// Reads the result documents of those that have ended.
    func results(of ids: [UUID]) async throws(StoreError) -> [MemberResult]

    /// Reads which members of a batch are executions outside of it, of the same requests.
    func sharedMembers(of batch: UUID) async throws(StoreError) -> Set<UUID>
}
