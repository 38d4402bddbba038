public import FoundationEssentials
internal import PostgreSQL
public import SandmillEntity
public import SandmillService

extension PostgreSQLExecutionStore: BatchResults {
    /// Reads a page, by an index.
    public func results(
        of batch: UUID,
        after id: UUID?,
        states: [ExecutionState],
        limit: Int
    ) async throws(StoreError) -> [MemberResult] {
        try await database.access {
            try await database.pool.query(
                "select id, result \(Self.ended)",
                [batch, id, limit, states.map(\.rawValue)]
            )
            .map { row in
                let document: JSON = try row["result"]
                return MemberResult(id: try row["id"], document: document.text)
            }
        }
    }

    /// Reads their ids alone.
    public func membersWithResults(
        of batch: UUID,
        after id: UUID?,
        states: [ExecutionState],
        limit: Int
    ) async throws(StoreError) -> [UUID] {
        try await database.access {
            try await database.pool.query(
                "select id \(Self.ended)",
                [batch, id, limit, states.map(\.rawValue)]
            )
            .map { try $0["id"] }
        }
    }

    private static let ended = """
        from executions
        where batch_id = $1 and ($2::uuid is null or id > $2) and result is not null
            and (cardinality($4::text[]) = 0 or state = any($4))
        order by batch_id, id limit $3
        """
}
