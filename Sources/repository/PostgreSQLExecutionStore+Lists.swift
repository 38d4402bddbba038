internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
public import SandmillService

extension PostgreSQLExecutionStore: ExecutionLists {
    /// Reads a page, by the indexes for lists.
    public func executions(
        _ filter: ExecutionFilter,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<ExecutionSummary> {
        try await database.access { try await self.page(filter, page) }
    }

    /// Reads the page of a statement.
    func read(
        _ statement: ListStatement,
        _ page: ListPageRequest
    ) async throws -> ListPage<ExecutionSummary> {
        var statement = statement
        statement.require(after: page.cursor, by: "submitted_at")
        let sql = statement.sql(
            Self.summaryColumns,
            from: "executions",
            orderedBy: "submitted_at desc, id desc",
            limit: page.limit + 1
        )
        let rows = try await database.list(sql, statement.parameters)
        return try ListPage(rows, limit: page.limit) { try ExecutionSummary($0) }
    }

    /// Counts, in the time that a page may take.
    public func executionCount(
        _ filter: ExecutionFilter,
        upTo limit: Int
    ) async throws(StoreError) -> Int {
        try await database.access {
            var statement = try await listStatement(of: filter)
            let sql = statement.countSQL(from: "executions", upTo: limit)
            return try await database.list(
                sql,
                statement.parameters,
                patience: ListStatement.patienceOfCounts
            )[0][0]
        }
    }

    /// The conditions of a filter.
    ///
    /// What has not ended is found by its state, what has by the indexes that have only that. Of those a
    /// tenant's are in order state by state, and those of a pool level by level: where nothing else is
    /// asked for there is a branch for each. What has ended of a level that is rare is found pool by pool,
    /// whatever else is asked for.
    func listStatement(of filter: ExecutionFilter) async throws -> ListStatement {
        var statement = ListStatement()
        // The condition of the indexes for lists.
        statement.require("attempt >= 0")
        let isPlain =
            filter.ids.isEmpty && filter.batches.isEmpty && filter.labels.isEmpty
            && filter.workers.isEmpty && filter.reasons.isEmpty && filter.runtimes.isEmpty
        var (states, levels, endedPools) = (filter.states, filter.levels, [String]())
        if !levels.isEmpty, filter.pools.isEmpty {
            let isAlone = isPlain && states.isEmpty && filter.tenants.isEmpty
            endedPools = try await poolsOfEnded(withFewOf: isAlone ? [] : levels)
        } else if isPlain, states.isEmpty {
            if !filter.tenants.isEmpty {
                states = ExecutionState.allCases
            } else if !filter.pools.isEmpty {
                levels = Level.allCases
            }
        }
        if !filter.reasons.isEmpty, !states.isEmpty || !filter.tenants.isEmpty {
            states = Self.states(states, of: filter.reasons)
            if states.isEmpty { statement.require("false") }
        }
        let qualifiers = [
            filter.tenants, filter.pools, levels.map(\.rawValue), filter.runtimes, filter.workers,
            filter.reasons,
        ]
        if qualifiers.contains(where: { !$0.isEmpty }) {
            let unfinished = Self.branches(ofUnfinished: states)
            var ended = Self.branches(ofEnded: states)
            let limit = ListStatement.maximumBranches / max(levels.count, 1)
            if !endedPools.isEmpty, ended.count * endedPools.count <= limit {
                let places = endedPools.map { statement.bind($0) }
                ended = ended.flatMap { condition in
                    places.map { "\(condition) and pool = \($0)" }
                }
            }
            // What has not ended has no reason.
            let alternatives = (filter.reasons.isEmpty ? unfinished : []) + ended
            statement.require(anyOf: alternatives.isEmpty ? ["false"] : alternatives)
        } else if !states.isEmpty {
            statement.require(anyOf: Self.conditions(of: states))
        }
        statement.require("tenant", in: filter.tenants)
        statement.require("pool", in: filter.pools)
        statement.require("level", in: levels.map(\.rawValue))
        statement.require("reason", in: filter.reasons)
        statement.require("runtime", in: filter.runtimes)
        statement.require("worker", in: filter.workers)
        statement.require("batch_id", in: filter.batches)
        for (name, values) in filter.labels.sorted(by: { $0.key < $1.key }) {
            // The condition of the index.
            statement.require("labels <> '{}'")
            let matches = values.map { value in
                "labels @> \(statement.bind(JSON(StoredJSON.encode([name: value]))))"
            }
            statement.require("(\(matches.joined(separator: " or ")))")
        }
        statement.require("id", in: filter.ids)
        statement.require("submitted_at", since: filter.since, until: filter.until)
        return statement
    }

    /// Conditions one of which holds for whatever has not ended and is in one of some states; in any, where
    /// there are none.
    private static func branches(ofUnfinished states: [ExecutionState]) -> [String] {
        conditions(
            of: (states.isEmpty ? ExecutionState.allCases : states).filter { !$0.isTerminal }
        )
    }

    /// Conditions one of which holds for whatever has ended in one of some states; in any, where there are
    /// none.
    private static func branches(ofEnded states: [ExecutionState]) -> [String] {
        let isEnded = "finished_at is not null"
        if states.isEmpty { return [isEnded] }
        return states.filter(\.isTerminal).map { "state = '\($0.rawValue)' and \(isEnded)" }
    }

    /// Those of some states, of all where there are none, in which an execution can have one of some reasons.
    private static func states(
        _ states: [ExecutionState],
        of reasons: [String]
    ) -> [ExecutionState] {
        let all = states.isEmpty ? ExecutionState.allCases : states
        let known = reasons.map { Outcome.Reason(rawValue: $0)?.state }
        return known.contains(nil) ? all : all.filter(known.contains)
    }

    /// A condition or two for each of some states; what is held is queued.
    private static func conditions(of states: [ExecutionState]) -> [String] {
        let isTold = Set(states)
        return states.flatMap { state in
            switch state {
            case .queued where isTold.contains(.running): ["state = 'queued'"]
            case .queued: ["state = 'queued'", isHeld]
            case .running where !isTold.contains(.queued):
                ["state = 'running' and sandboxed_attempt is not distinct from attempt"]
            default: ["state = '\(state.rawValue)'"]
            }
        }
    }

    /// The pools of which executions have ended, by going along the index from one to the next; none where
    /// one of them has many of some levels.
    private func poolsOfEnded(withFewOf levels: [Level]) async throws -> [String] {
        let rows = try await database.pool.query(
            """
            with recursive known as (
                (select pool from executions
                    where finished_at is not null and attempt >= 0 order by pool limit 1)
                union all
                select next.pool from known, lateral (
                    select pool from executions
                    where finished_at is not null and attempt >= 0 and pool > known.pool
                    order by pool limit 1) as next
            )
            select pool, (
                select count(*) from (
                    select from executions
                    where finished_at is not null and attempt >= 0 and pool = known.pool
                        and level = any($1)
                    limit $2
                ) as found
            ) as count
            from known
            """,
            [levels.map(\.rawValue), Self.few]
        )
        let hasMany = try rows.contains { try $0["count"] as Int >= Self.few }
        return hasMany ? [] : try rows.map { try $0["pool"] }
    }

    /// Fewer than so many of a level and a pool are read, whatever else is asked for.
    private static let few = 1_000

    private static let summaryColumns = """
        id, tenant, pool, level, runtime, state, reason, batch_id, rerun_of, labels, attempt, worker,
        submitted_at, started_at, finished_at, wall_seconds, exit_code,
        \(isHeld) as is_held, \(ListCursor.column(of: "submitted_at"))
        """
}

extension ListCursor {
    /// SQL for the column `place`, a time in microseconds.
    static func column(of time: String) -> String {
        "(extract(epoch from \(time)) * 1000000)::int8 as place"
    }

    /// Reads the columns `place` and `id`.
    init(_ row: Row) throws {
        self.init(microseconds: try row["place"], id: try row["id"])
    }
}

extension ListPage {
    /// Reads a page out of rows, of which one more than `limit` says that there is another page.
    init(_ rows: Rows, limit: Int, _ item: (Row) throws -> Item) throws {
        let shown = rows.prefix(limit)
        self.init(
            items: try shown.map(item),
            next: rows.count > limit ? try shown.last.map { try ListCursor($0) } : nil
        )
    }
}

extension ExecutionSummary {
    init(_ row: Row) throws {
        let level: String = try row["level"]
        let state: String = try row["state"]
        guard let level = Level(rawValue: level), let state = ExecutionState(rawValue: state) else {
            throw StoreError(.schemaMismatch, "a level or a state of a later version")
        }
        let labels: JSON = try row["labels"]
        let isHeld: Bool = try row["is_held"]
        let attempt: Int = try row["attempt"]
        self.init(
            id: try row["id"],
            tenant: try row["tenant"],
            pool: try row["pool"],
            level: level,
            runtime: try row["runtime"],
            state: isHeld ? .queued : state,
            reason: try row["reason"],
            batchID: try row["batch_id"],
            rerunOf: try row["rerun_of"],
            labels: (try? StoredJSON.decode([String: String].self, from: labels)) ?? [:],
            attempt: isHeld ? attempt - 1 : attempt,
            worker: try row["worker"],
            submittedAt: try row["submitted_at"],
            startedAt: isHeld ? nil : try row["started_at"],
            finishedAt: try row["finished_at"],
            wallSeconds: try row["wall_seconds"],
            exitCode: try row["exit_code"]
        )
    }
}

extension PostgreSQLExecutionStore: BatchLists {
    /// Reads a page, by an index.
    public func batches(
        _ filter: BatchFilter,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<BatchRecord> {
        try await database.access {
            var statement = ListStatement()
            // The condition of the indexes for lists.
            statement.require("size >= 0")
            if Set(filter.states).count == 1 {
                let isRunning = filter.states[0] == .running
                statement.require("finished_at is \(isRunning ? "" : "not ")null")
            }
            statement.require("tenant", in: filter.tenants)
            statement.require("pool", in: filter.pools)
            statement.require("id", in: filter.ids)
            statement.require("submitted_at", since: filter.since, until: filter.until)
            statement.require(after: page.cursor, by: "submitted_at")
            let sql = statement.sql(
                "*, \(ListCursor.column(of: "submitted_at"))",
                from: "batches",
                orderedBy: "submitted_at desc, id desc",
                limit: page.limit + 1
            )
            let rows = try await database.list(sql, statement.parameters)
            return try ListPage(rows, limit: page.limit) { try BatchRecord($0) }
        }
    }
}
