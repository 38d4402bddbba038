import FoundationEssentials
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService

extension RecordStore {
    /// Writes executions of every kind, a second apart, the last of which was submitted a minute ago.
    ///
    /// A few are of kinds that are rare, and those are the oldest.
    func writeExecutions(_ count: Int) async throws {
        try await pool.query(
            """
            insert into executions (
                id, tenant, pool, level, runtime, batch_id, labels, state, reason, attempt, worker,
                submitted_at, available_at, started_at, finished_at, wall_seconds, exit_code,
                request_properties, request_digest, request_body, result)
            select gen_random_uuid(),
                case when is_rare then 'rare' else 'tenant-' || n % 5 end,
                case when is_rare then 'rare' else 'pool-' || n % 2 end,
                case when is_rare then 'high' else 'normal' end,
                case when is_rare then 'rare' else 'python' end,
                case when n % 10 = 0 and n < 1000
                    then 'c0a3a2ac-b0ff-4f6a-8d0e-000000000000'::uuid end,
                case when is_rare then '{"student": "rare"}'
                    when n % 3 = 0 then json_build_object('student', 's-' || n % 97)
                    else '{}' end::jsonb,
                state,
                case when is_rare then 'worker_killer' when state = 'failed' then 'exit_code' end,
                1, case when is_rare then 'rare' else 'worker-' || n % 3 end,
                submitted_at, submitted_at, submitted_at, submitted_at, 0.5, 0,
                '{"headers": {}, "message_id": "x"}', '', '{"source": ""}', '{}'
            from generate_series($1::int8, 1, -1) as n, lateral (
                select n > $1 - 5 as is_rare,
                    date_trunc('milliseconds', now()) - n * interval '1 s' - interval '1 min'
                        as submitted_at,
                    case when n > $1 - 5 then 'errored' when n % 7 = 0 then 'failed'
                        else 'succeeded' end as state
            ) as kind
            """,
            [count]
        )
        try await pool.query("analyze executions")
    }

    /// All pages of a list, `size` on each; `between` is called between two.
    func pages(
        of filter: ExecutionFilter,
        size: Int,
        between: () async throws -> Void = {}
    ) async throws -> [ExecutionSummary] {
        var found: [ExecutionSummary] = []
        var page = ListPageRequest(limit: size)
        while true {
            let next = try await executions.executions(filter, page: page)
            found += next.items
            guard let cursor = next.next else { return found }
            page.cursor = cursor
            try await between()
        }
    }
}

extension ExecutionFilter {
    /// The filter of a query such as `state=failed&label.student=s-1`.
    static func query(_ text: String) throws -> ExecutionFilter {
        try ExecutionFilter(
            text.split(separator: "&").map { part in
                let words = part.split(separator: "=", maxSplits: 1).map(String.init)
                return ListParameter(words[0], words[1])
            }
        )
    }
}
