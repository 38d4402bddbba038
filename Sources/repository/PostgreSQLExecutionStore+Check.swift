public import FoundationEssentials
internal import PostgreSQL
public import SandmillEntity
public import SandmillService

extension PostgreSQLExecutionStore: ResultRecords {
    /// Compares by the ids, each of which is a key.
    public func unknown(
        _ results: [RecordedPath]
    ) async throws(StoreError) -> Set<RecordedPath> {
        try await unnamed(results, andNot: Self.isBeingRemoved)
    }

    /// Compares by the ids, too.
    public func needless(
        _ results: [RecordedPath]
    ) async throws(StoreError) -> Set<RecordedPath> {
        try await unnamed(results)
    }

    private static let isBeingRemoved = """
        exists (
            select from deleted_executions
            where deleted_executions.id = found.id and found.path = any(paths))
        """

    private func unnamed(
        _ results: [RecordedPath],
        andNot others: String = "false"
    ) async throws(StoreError) -> Set<RecordedPath> {
        if results.isEmpty { return [] }
        return try await database.access {
            let rows = try await database.pool.query(
                """
                select position - 1 as index
                from unnest($1::uuid[], $2::text[]) with ordinality as found(id, path, position)
                where not exists (
                        select from executions where executions.id = found.id
                            and (finished_at is null or results_path = found.path))
                    and not exists (
                        select from attempts
                        where execution_id = found.id and results_path = found.path)
                    and not \(others)
                """,
                [results.map(\.execution), results.map(\.path)]
            )
            return Set(try rows.map { results[try $0["index"]] })
        }
    }

    /// Compares with who is registered, and what runs there.
    public func abandoned(
        _ drafts: [StagedDraft]
    ) async throws(StoreError) -> Set<StagedDraft> {
        if drafts.isEmpty { return [] }
        return try await database.access {
            let rows = try await database.pool.query(
                """
                select position - 1 as index
                from unnest($1::text[], $2::uuid[], $3::int4[])
                    with ordinality as draft(worker, id, attempt, position)
                where not exists (select from workers where workers.id = draft.worker)
                    or not exists (
                        select from executions where executions.id = draft.id
                            and finished_at is null and executions.attempt = draft.attempt
                            and executions.worker = draft.worker)
                """,
                [
                    drafts.map(\.worker), drafts.map(\.execution),
                    drafts.map { Int32(clamping: $0.attempt) },
                ]
            )
            return Set(try rows.map { drafts[try $0["index"]] })
        }
    }

    /// Reads a page, by the key.
    public func results(
        after id: UUID?,
        limit: Int
    ) async throws(StoreError) -> [RecordedPath] {
        try await database.access {
            try await database.pool.query(
                """
                select id, results_path from executions
                where id > $1 and results_path is not null and finished_at is not null
                order by id limit $2
                """,
                [id ?? ListCursor(number: 0).id, limit]
            )
            .map { RecordedPath(execution: try $0["id"], path: try $0["results_path"]) }
        }
    }

    /// What the documents and the table of files say, by the key.
    public func files(
        of results: [RecordedPath]
    ) async throws(StoreError) -> [RecordedPath: [String: ByteCount?]] {
        if results.isEmpty { return [:] }
        return try await database.access {
            let rows = try await database.pool.query(
                """
                with wanted as (
                    select id, results_path, result,
                        case jsonb_typeof(result->'cases') when 'array' then result->'cases'
                            else '[]' end as cases
                    from executions join unnest($1::uuid[], $2::text[]) as wanted(id, path)
                        using (id)
                    where results_path = wanted.path
                )
                select id, results_path, 'result.json' as path, null::int8 as bytes from wanted
                union all
                select id, results_path, stream,
                    (result->stream->>'stored_bytes')::numeric::int8
                from wanted, unnest(array['stdout', 'stderr']) as stream
                union all
                select id, results_path, 'cases/' || number - 1 || '/' || stream,
                    (item->stream->>'stored_bytes')::numeric::int8
                from wanted,
                    jsonb_array_elements(cases) with ordinality as one(item, number),
                    unnest(array['stdout', 'stderr']) as stream
                where item->>'verdict' is distinct from 'skipped'
                union all
                select id, results_path,
                    case when cases = '[]' then 'files/' else '' end || files.path, files.bytes
                from wanted join files on execution_id = id
                """,
                [results.map(\.execution), results.map(\.path)]
            )
            var files: [RecordedPath: [String: ByteCount?]] = [:]
            for row in rows {
                let result = RecordedPath(
                    execution: try row["id"],
                    path: try row["results_path"]
                )
                let size: Int64? = try row["bytes"]
                files[result, default: [:]].updateValue(
                    size.map(ByteCount.init),
                    forKey: try row["path"]
                )
            }
            return files
        }
    }

    /// Empties what names the files; the document stays as it was, so that who asks for them learns that they are
    /// gone.
    public func forget(_ results: [RecordedPath]) async throws(StoreError) -> Int {
        try await database.access {
            try await database.pool.query(
                """
                with lost as (
                    update executions set results_path = null, results_bytes = 0
                    from unnest($1::uuid[], $2::text[]) as lost(id, path)
                    where executions.id = lost.id and results_path = lost.path
                    returning executions.id, lost.path
                ),
                attempt as (
                    update attempts set results_path = null
                    from lost where execution_id = lost.id and results_path = lost.path
                ),
                file as (
                    delete from files using lost where execution_id = lost.id
                )
                select count(*) from lost
                """,
                [results.map(\.execution), results.map(\.path)]
            )[0][0]
        }
    }

    /// Counts what a filter finds that has ended, and adds up its files.
    ///
    /// - Parameters:
    ///   - filter: Which executions.
    ///   - holds: By which labels some are held, which are counted by themselves.
    /// - Returns: What there is.
    /// - Throws: ``StoreError``.
    public func resultsSize(
        of filter: ExecutionFilter,
        holds: [LabelHold]
    ) async throws(StoreError) -> ResultsSize {
        try await database.access {
            var statement = try await listStatement(of: filter)
            statement.require("finished_at is not null")
            let held = holds.map { hold in
                hold.value.map { value in
                    "labels @> \(statement.bind(JSON(StoredJSON.encode([hold.name: value]))))"
                } ?? "labels ? \(statement.bind(hold.name))"
            }
            let isHeld = held.isEmpty ? "false" : held.joined(separator: " or ")
            let sql = statement.sql(
                "\(isHeld) as is_held, coalesce(results_bytes, 0) as size, submitted_at, id",
                from: "executions",
                orderedBy: "submitted_at desc, id desc",
                limit: .max
            )
            let row = try await database.list(
                """
                select count(*) filter (where not is_held) as count,
                    coalesce(sum(size) filter (where not is_held), 0)::int8 as size,
                    count(*) filter (where is_held) as held
                from (\(sql)) as found
                """,
                statement.parameters,
                patience: ListStatement.patienceOfCounts
            )[0]
            return ResultsSize(
                executions: try row["count"],
                size: ByteCount(try row["size"] as Int64),
                held: try row["held"]
            )
        }
    }
}
