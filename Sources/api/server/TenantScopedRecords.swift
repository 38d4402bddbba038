internal import SandmillEntity
internal import SandmillService

/// Finds what a request names, if it is there for its caller.
struct TenantScopedRecords: Sendable {
    let records: any GatewayRecords

    /// The execution that a request names.
    ///
    /// - Throws: ``Problem``, or ``StoreError``.
    func execution(_ context: GatewayContext) async throws -> ExecutionRecord {
        guard let id = context.id else { throw Problem.unknown("execution") }
        let record = try await records.execution(id)
        if let record, context.caller.sees(record.tenant) { return record }
        if record == nil,
            let reason = try await records.deletionReason(id, tenant: context.caller.scope)
        {
            throw Problem(.resultsGone, "it was \(reason)")
        }
        throw Problem.unknown("execution")
    }

    /// The batch that a request names.
    ///
    /// - Throws: ``Problem``, or ``StoreError``.
    func batch(_ context: GatewayContext) async throws -> BatchRecord {
        guard let id = context.id else { throw Problem.unknown("batch") }
        let record = try await records.batch(id)
        guard let record, context.caller.sees(record.tenant) else {
            throw Problem.unknown("batch")
        }
        return record
    }
}
