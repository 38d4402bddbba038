internal import FoundationEssentials
internal import PostgreSQL
public import SandmillService

extension PostgreSQLExecutionStore {
    /// Finds what a text may mean, in one statement, by indexes.
    ///
    /// - Parameters:
    ///   - text: The beginning of an id, or the name of a member.
    ///   - labels: The labels that may hold a member's name.
    ///   - limit: The most of each kind; those by name are the newest.
    /// - Returns: What was found, the newest first.
    /// - Throws: ``StoreError``, also where it would have to read too much.
    public func records(
        named text: String,
        in labels: [String],
        limit: Int
    ) async throws(StoreError) -> [NamedRecord] {
        let prefix = IDPrefix(text)
        var parameters: [any PostgreSQLValue] = [prefix?.lowest, prefix?.highest, Int64(limit)]
        let byLabel = labels.map { label in
            parameters.append(JSON(StoredJSON.encode([label: text])))
            return """
                union all
                (select id, 'execution', tenant, submitted_at, true from executions
                    where labels <> '{}' and labels @> $\(parameters.count)
                    order by submitted_at desc limit $3)
                """
        }
        let statement = """
            select * from (
                (select id, 'execution' as kind, tenant, submitted_at, false as is_by_name
                    from executions where id between $1 and $2 order by id limit $3)
                union all
                (select id, 'batch', tenant, submitted_at, false
                    from batches where id between $1 and $2 order by id limit $3)
                \(byLabel.joined(separator: "\n"))
            ) as found order by submitted_at desc, id
            """
        return try await database.access {
            try await database.list(statement, parameters).compactMap { row in
                let kind: String = try row["kind"]
                return try NamedRecord.Kind(rawValue: kind).map { kind in
                    NamedRecord(
                        id: try row["id"],
                        kind: kind,
                        tenant: try row["tenant"],
                        submittedAt: try row["submitted_at"],
                        isByName: try row["is_by_name"]
                    )
                }
            }
        }
    }
}
