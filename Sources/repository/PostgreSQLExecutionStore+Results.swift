public import FoundationEssentials
internal import PostgreSQL
public import SandmillService

extension PostgreSQLExecutionStore: BatchResults {
    /// Reads a page, by an index.
    public func results(
        of batch: UUID,
        after id: UUID?,
        limit: Int
    ) async throws(StoreError) -> [MemberResult] {
        try await database.access {
            try await database.pool.query(
                """
                select id, result from executions
                where batch_id = $1 and ($2::uuid is null or id > $2) and result is not null
                order by batch_id, id limit $3
                """,
                [batch, id, limit]
            )
            .map { row in
                let document: JSON = try row["result"]
                return MemberResult(id: try row["id"], document: document.text)
            }
        }
    }
}
