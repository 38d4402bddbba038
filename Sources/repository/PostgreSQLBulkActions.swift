public import FoundationEssentials
internal import PostgreSQL
public import SandmillService

/// Keeps bulk actions in Postgres.
public struct PostgreSQLBulkActions: BulkActionStore {
    private let database: Database

    /// Keeps them in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Keeps an action, and notes who does it.
    public func create(_ action: BulkAction) async throws(StoreError) -> BulkAction {
        try await database.access {
            let rows = try await database.pool.query(
                """
                with noted as (
                    insert into audit (actor, action, target, subject, tenant, count)
                    values ($6, $4, $2, $8, $5, $7)
                )
                insert into bulk_actions (id, target, filter, action, tenant, actor, matching)
                values ($1, $2, $3::jsonb, $4, $5, $6, $7)
                returning *
                """,
                [
                    action.id,
                    action.target.rawValue,
                    JSON(StoredJSON.encode(action.filter.json)),
                    action.verb.rawValue,
                    action.tenant,
                    action.actor,
                    action.matching,
                    action.filter.query,
                ]
            )
            return try BulkAction(rows[0])
        }
    }

    /// Reads an action.
    public func action(_ id: UUID) async throws(StoreError) -> BulkAction? {
        try await database.access {
            try await database.pool.query("select * from bulk_actions where id = $1", [id]).first
                .map { try BulkAction($0) }
        }
    }

    /// Reads a page of actions, by an index.
    public func actions(
        tenant: String?,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<BulkAction> {
        try await database.access {
            var statement = ListStatement()
            statement.require("tenant", in: tenant.map { [$0] } ?? [])
            statement.require(after: page.cursor, by: "created_at")
            let sql = statement.sql(
                "*, \(ListCursor.column(of: "created_at"))",
                from: "bulk_actions",
                orderedBy: "created_at desc, id desc",
                limit: page.limit + 1
            )
            let rows = try await database.list(sql, statement.parameters)
            return try ListPage(rows, limit: page.limit) { try BulkAction($0) }
        }
    }

    /// Takes an action that nobody does.
    public func lease(_ verbs: [BulkAction.Verb]) async throws(StoreError) -> BulkAction? {
        try await database.access {
            try await database.pool.query(
                """
                update bulk_actions set leased_until = now() + interval '30 s'
                where id = (
                    select id from bulk_actions
                    where finished_at is null and leased_until <= now() and action = any($1)
                    order by leased_until limit 1 for update skip locked
                )
                returning *
                """,
                [verbs.map(\.rawValue)]
            )
            .first.map { try BulkAction($0) }
        }
    }

    /// Notes what a step came to, if its action is where the step found it.
    public func advance(
        _ action: BulkAction,
        by step: BulkStep
    ) async throws(StoreError) -> BulkAction? {
        try await database.access {
            try await database.pool.query(
                """
                update bulk_actions
                set done = done + $3, failed = failed + $4, failure = coalesce($5, failure),
                    cursor = $6, leased_until = now() + interval '30 s',
                    finished_at = case when $6::text is null
                        then date_trunc('milliseconds', now()) end
                where id = $1 and cursor is not distinct from $2 and finished_at is null
                returning *
                """,
                [
                    action.id,
                    action.cursor?.text,
                    step.done,
                    step.failed,
                    step.failure,
                    step.cursor?.text,
                ]
            )
            .first.map { try BulkAction($0) }
        }
    }
}

extension BulkAction {
    fileprivate init(_ row: Row) throws {
        let filter: JSON = try row["filter"]
        let cursor: String? = try row["cursor"]
        guard let target = Target(rawValue: try row["target"]),
            let verb = Verb(rawValue: try row["action"])
        else { throw StoreError(.schemaMismatch, "a bulk action of a later version") }
        self.init(
            id: try row["id"],
            target: target,
            filter: try [ListParameter](StoredJSON.decode(JSONValue.self, from: filter)),
            verb: verb,
            tenant: try row["tenant"],
            actor: try row["actor"],
            createdAt: try row["created_at"],
            finishedAt: try row["finished_at"],
            matching: try row["matching"],
            done: try row["done"],
            failed: try row["failed"],
            failure: try row["failure"],
            cursor: cursor.flatMap { ListCursor($0) }
        )
    }
}
