internal import PostgreSQL
internal import SandmillService

/// How far a page of executions looks back that several qualifiers leave.
///
/// No index has two qualifiers together, but for a tenant and a state, and a pool and a level. Where both are
/// common and hardly ever meet, all that has one of them would be read for a page. So such a page
/// looks through the newest executions, which are enough where they do meet, then through those before, for as long as
/// a page may take. Then it is what was found, and the next begins where this one stopped. Only where one of the
/// qualifiers is rare by itself all that has it is looked at.
extension PostgreSQLExecutionStore {
    /// Reads a page.
    ///
    /// - Parameters:
    ///   - filter: What is on it.
    ///   - page: Which page.
    ///   - depth: How many executions are looked through at once. What has less than a fifth of that is rare.
    ///   - patience: For how long it looks further back.
    /// - Returns: The page, which may be short and not the last.
    /// - Throws: `PostgreSQLError`, or ``StoreError`` where it would have to read too much.
    func page(
        _ filter: ExecutionFilter,
        _ page: ListPageRequest,
        depth: Int = 10_000,
        patience: Duration = .milliseconds(50)
    ) async throws -> ListPage<ExecutionSummary> {
        let begin = ContinuousClock.now
        let statement = try await listStatement(of: filter)
        let qualifiers = filter.qualifiers
        guard qualifiers.count > 1 else { return try await read(statement, page) }
        var rest = page
        var found = ListPage<ExecutionSummary>(items: [])
        var isFirst = true
        repeat {
            let end = try await end(of: filter, rest, depth: depth)
            var part = statement
            if let end { part.require(downTo: end, by: "submitted_at") }
            let next = try await read(part, rest)
            found.items += next.items
            found.next = next.next ?? end
            rest.cursor = end
            guard next.next == nil, end != nil, found.items.count < page.limit else { return found }
            if isFirst {
                for qualifier in qualifiers {
                    let count = try await executionCount(qualifier, upTo: depth / 5)
                    if count < depth / 5 { return try await read(statement, page) }
                }
                isFirst = false
            }
            rest.limit = page.limit - found.items.count
        } while begin.duration(to: .now) < patience
        return found
    }

    /// The last of the executions that are looked through; nil where there are fewer.
    private func end(
        of filter: ExecutionFilter,
        _ page: ListPageRequest,
        depth: Int
    ) async throws -> ListCursor? {
        var statement = ListStatement()
        statement.require("attempt >= 0")
        statement.require("submitted_at", since: filter.since, until: filter.until)
        statement.require(after: page.cursor, by: "submitted_at")
        let sql = statement.sql(
            "id, \(ListCursor.column(of: "submitted_at"))",
            from: "executions",
            orderedBy: "submitted_at desc, id desc",
            limit: 1,
            offset: depth - 1
        )
        return try await database.list(sql, statement.parameters).first.map { try ListCursor($0) }
    }
}

extension ExecutionFilter {
    /// What it asks for, one by one, as far as an index has it; nothing where it asks for few by their ids.
    fileprivate var qualifiers: [ExecutionFilter] {
        guard ids.isEmpty, batches.isEmpty else { return [] }
        // To count labels takes longest.
        let all =
            [
                Self { $0.reasons = reasons }, Self { $0.runtimes = runtimes },
                Self { $0.workers = workers },
                Self { ($0.pools, $0.levels) = (pools, levels) },
                Self { ($0.tenants, $0.states) = (tenants, states) },
            ] + labels.map { label in Self { $0.labels = [label.key: label.value] } }
        return all.filter { !$0.isEmpty }
    }

    private init(_ change: (inout ExecutionFilter) -> Void) {
        self.init()
        change(&self)
    }
}
