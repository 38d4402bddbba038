public import FoundationEssentials
internal import PostgreSQL
public import SandmillService

extension PostgreSQLExecutionStore: MemberRecords {
    /// Reads by the primary key.
    public func batches(
        of ids: [UUID],
        tenant: String
    ) async throws(StoreError) -> [UUID: UUID] {
        try await database.access {
            let rows = try await database.pool.query(
                """
                select id, batch_id from executions
                where id = any($1) and tenant = $2 and batch_id is not null
                """,
                [ids, tenant]
            )
            var batches: [UUID: UUID] = [:]
            for row in rows { batches[try row["id"]] = try row["batch_id"] as UUID }
            return batches
        }
    }

    /// Reads by the primary key.
    public func results(of ids: [UUID]) async throws(StoreError) -> [MemberResult] {
        try await database.access {
            try await database.pool.query(
                "select id, result from executions where id = any($1) and result is not null",
                [ids]
            )
            .map { row in
                let document: JSON = try row["result"]
                return MemberResult(id: try row["id"], document: document.text)
            }
        }
    }

    /// Reads by the primary key.
    public func sharedMembers(of batch: UUID) async throws(StoreError) -> Set<UUID> {
        try await database.access {
            let rows = try await database.pool.query(
                "select member_id from refused_members where batch_id = $1 and is_shared",
                [batch]
            )
            return Set(try rows.map { try $0["member_id"] as UUID })
        }
    }
}
