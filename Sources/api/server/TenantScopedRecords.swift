internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// Finds what a request names, if it is there for its caller.
struct TenantScopedRecords: Sendable {
    let records: any GatewayRecords
    let letters: any DeadLetterStore

    /// The execution that a request names.
    ///
    /// - Throws: ``Problem``, or ``StoreError``.
    func execution(_ context: GatewayContext) async throws -> ExecutionRecord {
        let id = try context.id(of: "execution", in: "executions")
        let record = try await records.execution(id)
        if let record, context.caller.sees(record.tenant) { return record }
        if record == nil,
            let reason = try await records.deletionReason(id, tenant: context.caller.scope)
        {
            throw Problem(.resultsGone, "it was \(reason)")
        }
        if record == nil { try await tellRefusal(of: id, "execution", context) }
        throw Problem.unknown("execution")
    }

    /// Says so if what is asked for is a dead letter of the caller's.
    private func tellRefusal(
        of id: UUID,
        _ what: String,
        _ context: GatewayContext
    ) async throws {
        guard let letter = try await letters.letter(of: id, tenant: context.caller.scope) else {
            return
        }
        throw Problem(refused: letter, what)
    }

    /// The batch that a request names.
    ///
    /// - Throws: ``Problem``, or ``StoreError``.
    func batch(_ context: GatewayContext) async throws -> BatchRecord {
        let id = try context.id(of: "batch", in: "batches")
        let record = try await records.batch(id)
        if let record, context.caller.sees(record.tenant) { return record }
        if record == nil { try await tellRefusal(of: id, "batch", context) }
        throw Problem.unknown("batch")
    }
}
