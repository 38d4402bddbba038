public import FoundationEssentials
internal import PostgreSQL
public import SandmillService

/// Reads how the members of batches ended from Postgres.
public struct PostgreSQLBatchResults: BatchResults {
    private let database: Database

    /// Reads from `database`.
    public init(_ database: Database) {
        self.database = database
    }

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
