internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillService

/// A statement of a list, put together from what is asked for.
///
/// A page is what remains of branches, each of which an index has in the order of the list: one for each
/// value of a field of which several are wanted. The server plans it for these values, since what is best
/// depends on how many rows have them. What reads too much all the same is given up.
struct ListStatement {
    /// How long the server may read for one page.
    static let patience = "2s"
    /// How long it may count what somebody wants something done to.
    static let patienceOfCounts = "20s"
    /// How many branches there are at most.
    static let maximumBranches = 64

    private(set) var parameters: [any PostgreSQLValue] = []
    private var conditions: [String] = []
    private var branches: [[String]] = [[]]

    /// Adds a parameter.
    ///
    /// - Returns: The SQL for it.
    mutating func bind(_ value: any PostgreSQLValue) -> String {
        parameters.append(value)
        return "$\(parameters.count)"
    }

    /// Adds a condition for all branches.
    mutating func require(_ condition: String) {
        conditions.append(condition)
    }

    /// Requires one of some values; all when there are none.
    ///
    /// - Parameters:
    ///   - column: SQL for what has to be one of them.
    ///   - values: The values.
    mutating func require(
        _ column: String,
        in values: [some PostgreSQLScalar]
    ) {
        if values.isEmpty { return }
        guard values.count * branches.count <= Self.maximumBranches else {
            conditions.append("\(column) = any(\(bind(values)))")
            return
        }
        let equalities = values.map { "\(column) = \(bind($0))" }
        branches = branches.flatMap { branch in equalities.map { branch + [$0] } }
    }

    /// Requires one of some conditions, of which no two hold for one row.
    mutating func require(anyOf alternatives: [String]) {
        branches = branches.flatMap { branch in alternatives.map { branch + [$0] } }
    }

    /// Requires one of some ranges of ids; all when there are none.
    mutating func require(_ column: String, in prefixes: [IDPrefix]) {
        if prefixes.isEmpty { return }
        let ranges = prefixes.map { prefix in
            "\(column) between \(bind(prefix.lowest)) and \(bind(prefix.highest))"
        }
        conditions.append("(\(ranges.joined(separator: " or ")))")
    }

    /// Requires a time.
    mutating func require(_ column: String, since: Date?, until: Date?) {
        if let since { conditions.append("\(column) >= \(bind(since))") }
        if let until { conditions.append("\(column) < \(bind(until))") }
    }

    /// Requires what comes behind a place in the order by `time` and `id`: what is older, or what is newer.
    mutating func require(after cursor: ListCursor?, by time: String, oldestFirst: Bool = false) {
        guard let cursor else { return }
        conditions.append("(\(time), id) \(oldestFirst ? ">" : "<") \(place(cursor))")
    }

    /// Requires what is at a place in the order by `time` and `id`, or newer.
    mutating func require(downTo cursor: ListCursor, by time: String) {
        conditions.append("(\(time), id) >= \(place(cursor))")
    }

    private mutating func place(_ cursor: ListCursor) -> String {
        let microseconds = bind(cursor.microseconds)
        return
            "('epoch'::timestamptz + \(microseconds) * interval '1 microsecond', \(bind(cursor.id)))"
    }

    /// The statement.
    ///
    /// - Parameters:
    ///   - columns: What is read.
    ///   - table: Where from.
    ///   - order: The order, for `order by`.
    ///   - limit: The most rows.
    ///   - offset: How many are left out before them, of a statement without branches.
    /// - Returns: SQL for ``parameters``.
    mutating func sql(
        _ columns: String,
        from table: String,
        orderedBy order: String,
        limit: Int,
        offset: Int = 0
    ) -> String {
        precondition(offset == 0 || branches.count == 1, "each branch has its own beginning")
        let limit = bind(Int64(limit))
        let selects = branches.map { branch in
            let all = conditions + branch
            let condition = all.isEmpty ? "" : "where \(all.joined(separator: " and "))"
            return """
                (select \(columns) from \(table) \(condition) order by \(order) limit \(limit) offset \(offset))
                """
        }
        if selects.count == 1 { return selects[0] }
        return """
            select * from (
                \(selects.joined(separator: "\nunion all\n"))
            ) as branch order by \(order) limit \(limit)
            """
    }

    /// A statement that counts what matches, up to a limit.
    mutating func countSQL(from table: String, upTo limit: Int) -> String {
        let limit = bind(Int64(limit))
        let selects = branches.map { branch in
            let all = conditions + branch
            let condition = all.isEmpty ? "" : "where \(all.joined(separator: " and "))"
            return "(select from \(table) \(condition) limit \(limit))"
        }
        return """
            select least(count(*), \(limit)) from (\(selects.joined(separator: " union all "))) as found
            """
    }
}

extension Database {
    /// Runs a statement of a list.
    func list(
        _ sql: String,
        _ parameters: [any PostgreSQLValue],
        patience: String = ListStatement.patience
    ) async throws -> Rows {
        do {
            return try await pool.withTransaction { connection in
                try connection.query(Self.listSettings, [patience])
                return try connection.queryOnce(sql, parameters)
            }
        } catch let error as PostgreSQLError where error.sqlState == .queryCanceled {
            throw StoreError(
                .tooMuchToRead,
                "it would have to read too much: ask for less, such as a shorter time"
            )
        }
    }

    private static let listSettings = """
        select set_config('statement_timeout', $1, true),
            set_config('plan_cache_mode', 'force_custom_plan', true)
        """
}
