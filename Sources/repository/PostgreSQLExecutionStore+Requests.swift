public import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

extension PostgreSQLExecutionStore: RequestRecords {
    /// Reads requests, by their ids; the sizes of what is not read cost nothing.
    public func requests(of ids: [UUID]) async throws(StoreError) -> [RequestRecord?] {
        try await database.access {
            try await database.pool.query(
                """
                with wanted as materialized (
                    select position, executions.id, sum(coalesce(octet_length(request_body), 0))
                        over (order by position rows unbounded preceding) as size
                    from unnest($1::uuid[]) with ordinality as wanted(id, position)
                        left join executions on executions.id = wanted.id
                )
                select executions.id, tenant, pool, level, state, request_properties, request_body
                from wanted left join executions on executions.id = wanted.id
                where size <= 16777216 or position = 1
                order by position
                """,
                [ids]
            )
            .map { row in
                let id: UUID? = try row["id"]
                return try id.map { try RequestRecord($0, row) }
            }
        }
    }
}

extension RequestRecord {
    fileprivate init(_ id: UUID, _ row: Row) throws {
        let level: String = try row["level"]
        let state: String = try row["state"]
        guard let level = Level(rawValue: level), let state = ExecutionState(rawValue: state) else {
            throw StoreError(.schemaMismatch, "a level or a state of a later version")
        }
        let properties: JSON = try row["request_properties"]
        let body: Data? = try row["request_body"]
        self.init(
            id: id,
            tenant: try row["tenant"],
            pool: try row["pool"],
            level: level,
            state: state,
            properties: try StoredJSON.decode(StoredProperties.self, from: properties).properties,
            body: body.map { Array($0) }
        )
    }
}

extension PostgreSQLExecutionStore: DeletionStore {
    /// Removes records in one statement.
    public func delete(
        _ ids: [UUID],
        because reason: String
    ) async throws(StoreError) -> [DeletedExecution] {
        try await database.access {
            try await database.pool.query(
                """
                with ended as materialized (
                    select id, tenant, results_path, results_bytes from executions
                    where id = any($1) and finished_at is not null
                    order by id for update skip locked
                ),
                gone as materialized (
                    select id, tenant, coalesce(results_bytes, 0) as size, array(
                        select results_path where results_path is not null
                        union
                        select attempts.results_path from attempts
                        where execution_id = ended.id and attempts.results_path is not null
                        -- Of a lost worker, which may have put in place what it could not write; the day is
                        -- that of its claim, which was before its start.
                        union
                        select to_char((attempts.started_at at time zone 'UTC')::date - before, 'YYYY-MM-DD')
                            || '/' || execution_id || '/' || attempts.attempt
                        from attempts cross join (values (0), (1)) as days(before)
                        where execution_id = ended.id and attempts.reason = 'worker_lost'
                            and attempts.started_at is not null
                    ) as paths
                    from ended
                ),
                kept as (
                    insert into deleted_executions (id, tenant, reason, paths)
                    select id, tenant, $2, paths from gone order by id
                    on conflict (id) do update set tenant = excluded.tenant,
                        reason = excluded.reason, deleted_at = now(), paths = excluded.paths
                ),
                attempt as (
                    delete from attempts using gone where execution_id = gone.id
                ),
                file as (
                    delete from files using gone where execution_id = gone.id
                )
                delete from executions using gone where executions.id = gone.id
                returning gone.id, paths, size
                """,
                [ids, reason]
            )
            .map { row in
                DeletedExecution(
                    id: try row["id"],
                    paths: try row["paths"],
                    size: ByteCount(try row["size"] as Int64)
                )
            }
        }
    }

    /// Reads those whose files somebody did not come to; none of an id that somebody uses again, whose files may be
    /// those.
    public func leftFiles(limit: Int) async throws(StoreError) -> [DeletedExecution] {
        try await database.access {
            try await database.pool.query(
                """
                select id, paths from deleted_executions
                where paths is not null and deleted_at < now() - interval '1 min'
                    and not exists (
                        select from executions where executions.id = deleted_executions.id)
                order by deleted_at limit $1
                """,
                [limit]
            )
            .map { DeletedExecution(id: try $0["id"], paths: try $0["paths"]) }
        }
    }

    /// Notes that files are gone.
    public func forgetFiles(of ids: [UUID]) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                "update deleted_executions set paths = null where id = any($1)",
                [ids]
            )
        }
    }

    /// Reads why an execution is gone.
    public func deletionReason(_ id: UUID, tenant: String?) async throws(StoreError) -> String? {
        try await database.access {
            try await database.pool.query(
                """
                select reason from deleted_executions
                where id = $1 and ($2::text is null or tenant = $2)
                """,
                [id, tenant]
            )
            .first.map { try $0["reason"] }
        }
    }
}
