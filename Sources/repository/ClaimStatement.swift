internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Claims executions: inserts what is new, takes what is queued and due, and judges the rest.
///
/// A claim stays undecided (no outcome) when an earlier one of the same statement has its id, or
/// when another transaction made its batch while this statement ran; the next statement decides.
/// Rows are locked in the order of their ids, so that two workers cannot wait for each other.
enum ClaimStatement {
    static func parameters(_ claims: [Claim]) -> [any PostgreSQLValue] {
        [
            claims.map(\.submission.id),
            claims.map(\.submission.tenant),
            claims.map(\.submission.pool),
            claims.map(\.submission.level.rawValue),
            claims.map(\.submission.program.runtime.name),
            claims.map { $0.submission.batch?.id },
            claims.map { $0.submission.batch.map { Int32(clamping: $0.size) } },
            claims.map { JSON(StoredJSON.encode($0.submission.labels)) },
            claims.map(\.submission.notBefore),
            claims.map(\.worker),
            claims.map(\.token),
            claims.map { StoredJSON.encode(StoredProperties($0.request.properties)) },
            claims.map { Data($0.request.body) },
        ]
    }

    /// The outcome of a row; nil when it is undecided.
    static func outcome(_ row: Row) throws -> ClaimOutcome? {
        let outcome: String? = try row["outcome"]
        switch outcome {
        case "claimed":
            return .claimed(
                attempt: try row["attempt"],
                submittedAt: try row["submitted_at"],
                startedAt: try row["started_at"]
            )
        case "duplicate": return .duplicate
        case "deferred": return .deferred
        case "other_request": return .conflict("the id is that of another request")
        case "other_batch":
            let size: Int = try row["batch_size"]
            return .conflict("the batch has \(size) members or is another tenant's")
        default: return nil
        }
    }

    static let sql = """
        with claim as materialized (
            select c.*, sha256(body) as digest, properties::json as request_properties,
                date_trunc('milliseconds', now()) as now,
                coalesce(not_before <= now(), true) as is_due,
                row_number() over (partition by id order by position) as copy
            from unnest(
                $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                $7::int4[], $8::jsonb[], $9::timestamptz[], $10::text[], $11::uuid[],
                $12::text[], $13::bytea[]
            ) with ordinality as c(
                id, tenant, pool, level, runtime, batch_id, batch_size, labels, not_before,
                worker, token, properties, body, position)
        ),
        new_batch as (
            insert into batches (id, tenant, pool, size, pending, submitted_at)
            select distinct on (batch_id)
                batch_id, tenant, pool, batch_size, batch_size, now
            from claim where batch_id is not null
            order by batch_id, position
            on conflict (id) do nothing
            returning id, tenant, size
        ),
        batch as (
            select id, tenant, size from new_batch
            union all
            select id, tenant, size from batches where id in (select batch_id from claim)
        ),
        admitted as (
            select claim.* from claim left join batch on batch.id = claim.batch_id
            where copy = 1 and (
                batch_id is null
                or (batch.size = claim.batch_size and batch.tenant = claim.tenant))
        ),
        execution as (
            insert into executions as known (
                id, tenant, pool, level, runtime, batch_id, labels, state, attempt, worker,
                claim_token, submitted_at, available_at, started_at, request_properties,
                request_digest, request_body)
            select id, tenant, pool, level, runtime, batch_id, labels,
                case when is_due then 'running' else 'queued' end,
                is_due::int,
                case when is_due then worker end,
                case when is_due then token end,
                now,
                case when is_due then now else not_before end,
                case when is_due then now end,
                request_properties, digest, body
            from admitted order by id
            on conflict (id) do update
            set (state, attempt, worker, claim_token, started_at) = (
                select
                    case when is_ours then 'running' else known.state end,
                    known.attempt + is_ours::int,
                    case when is_ours then excluded.worker else known.worker end,
                    case when is_ours then excluded.claim_token else known.claim_token end,
                    case when is_ours then excluded.started_at else known.started_at end
                from (
                    select known.state = 'queued' and excluded.state = 'running'
                        and known.available_at <= excluded.started_at
                        and known.request_digest = excluded.request_digest
                        and known.tenant = excluded.tenant and known.pool = excluded.pool
                        as is_ours
                ) as judgement)
            returning id, tenant, pool, level, state, attempt, claim_token, submitted_at,
                available_at, started_at, request_digest, request_properties, request_body
        ),
        judged as materialized (
            select position, claim.id, batch.size as batch_size, attempt, submitted_at,
                started_at, case
                    when copy > 1 then null
                    when claim.batch_id is not null and batch.id is null then null
                    when execution.id is null then 'other_batch'
                    when request_digest <> digest or execution.tenant <> claim.tenant
                        or execution.pool <> claim.pool then 'other_request'
                    when claim_token = token and state = 'running' then 'claimed'
                    when state = 'queued' then 'deferred'
                    else 'duplicate'
                end as outcome
            from claim
                left join batch on batch.id = claim.batch_id
                left join execution on execution.id = claim.id
        ),
        postponed as (
            insert into outbox (available_at, message, body)
            select available_at, \(StoredMessage.ofRequest(in: "execution")), request_body
            from judged join execution using (id) where outcome = 'deferred'
        )
        select outcome, batch_size, attempt, submitted_at, started_at
        from judged order by position
        """
}
