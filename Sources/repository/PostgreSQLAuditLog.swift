internal import FoundationEssentials
internal import PostgreSQL
public import SandmillService

/// Keeps in Postgres what people did.
public struct PostgreSQLAuditLog: AuditLog {
    private let database: Database

    /// Keeps it in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Notes an act.
    public func note(_ act: Act) async throws(StoreError) {
        try await database.access {
            try await database.pool.query(
                """
                insert into audit (actor, action, target, subject, tenant, count)
                values ($1, $2, $3, $4, $5, $6)
                """,
                [act.actor, act.action, act.target, act.subject, act.tenant, act.count]
            )
        }
    }

    /// Reads a page, by its number downwards.
    public func acts(
        tenant: String?,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<AuditEntry> {
        try await database.access {
            var statement = ListStatement()
            let before = statement.bind(page.cursor?.microseconds ?? .max)
            statement.require("id < \(before)")
            if let tenant {
                statement.require(anyOf: ["tenant = \(statement.bind(tenant))", "tenant is null"])
            }
            let sql = statement.sql(
                "*",
                from: "audit",
                orderedBy: "id desc",
                limit: page.limit + 1
            )
            let rows = try await database.list(sql, statement.parameters)
            let items = try rows.prefix(page.limit).map { row in
                AuditEntry(
                    id: try row["id"],
                    time: try row["at"],
                    act: Act(
                        actor: try row["actor"],
                        action: try row["action"],
                        target: try row["target"],
                        subject: try row["subject"],
                        tenant: try row["tenant"],
                        count: try row["count"]
                    )
                )
            }
            let isLast = rows.count <= page.limit
            let next = isLast ? nil : items.last.map { ListCursor(number: $0.id) }
            return ListPage(items: items, next: next)
        }
    }
}
