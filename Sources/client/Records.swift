public import FoundationEssentials
internal import SandmillEntity
public import SandmillService

/// What a client reads of the record store.
public struct Records: Sendable {
    /// How many ids a statement has.
    private static let pageSize = 2_000

    let executions: any ExecutionRecords & BatchRecords & BatchResults & MemberRecords
    let letters: any DeadLetterStore

    /// Reads by these ports.
    public init(
        executions: any ExecutionRecords & BatchRecords & BatchResults & MemberRecords,
        letters: any DeadLetterStore
    ) {
        self.executions = executions
        self.letters = letters
    }

    /// In which batches executions of a tenant are, by their ids.
    func batches(of ids: [UUID], tenant: String) async throws(StoreError) -> [UUID: UUID] {
        var found: [UUID: UUID] = [:]
        for start in stride(from: 0, to: ids.count, by: Self.pageSize) {
            let page = Array(ids[start..<min(start + Self.pageSize, ids.count)])
            let batches = try await executions.batches(of: page, tenant: tenant)
            found.merge(batches) { first, _ in first }
        }
        return found
    }

    /// The results of executions that have ended.
    func results(of ids: [UUID]) async throws(StoreError) -> [MemberResult] {
        var found: [MemberResult] = []
        for start in stride(from: 0, to: ids.count, by: Self.pageSize) {
            let page = Array(ids[start..<min(start + Self.pageSize, ids.count)])
            found += try await executions.results(of: page)
        }
        return found
    }

    /// Which members of a batch are executions outside of it, of the same requests.
    public func sharedMembers(of batch: UUID) async throws(StoreError) -> Set<UUID> {
        try await executions.sharedMembers(of: batch)
    }

    /// The dead letters of a batch and of its members, or of whatever else has that id.
    public func refusals(
        of id: UUID,
        tenant: String,
        since age: Duration
    ) async throws -> [DeadLetterSummary] {
        var found: [DeadLetterSummary] = []
        let filter = DeadLetterFilter(tenants: [tenant], newerThan: age, batch: id)
        try await letters.forEachPage(of: filter) { found += $0 }
        return found
    }
}
