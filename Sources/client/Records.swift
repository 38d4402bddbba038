public import FoundationEssentials
internal import SandmillEntity
public import SandmillService

/// What a client reads of the record store.
public struct Records: Sendable {
    let executions: any ExecutionRecords & BatchRecords & BatchResults
    let letters: any DeadLetterStore

    /// Reads by these ports.
    public init(
        executions: any ExecutionRecords & BatchRecords & BatchResults,
        letters: any DeadLetterStore
    ) {
        self.executions = executions
        self.letters = letters
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
