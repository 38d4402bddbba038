internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Takes requests in: inserts what is new, claims what is queued and due, and judges the rest.
///
/// Of several claims with one id the first is decided, and those that are like it with it. One stays
/// undecided (no outcome) when it differs from the first, or when another transaction made its batch
/// while this statement ran; the next statement decides.
///
/// Executions are locked in the order of their ids, then cancellations, then batches, so that two workers
/// cannot wait for each other.
enum ClaimStatement {
    /// - Parameters:
    ///   - claims: What is claimed.
    ///   - cameWithBatch: Whether they are from the message of their batch, which no other may join.
    /// - Returns: The parameters of the statement.
    static func parameters(
        _ claims: [Claim],
        cameWithBatch: Bool = false
    ) -> [any PostgreSQLValue] {
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
            claims.map(\.submission.deadline),
            claims.map(\.submission.supersedes),
            claims.map(\.intent.rawValue),
            claims.map(\.worker),
            claims.map(\.token),
            claims.map { StoredJSON.encode(StoredProperties($0.request.properties)) },
            claims.map { Data($0.request.body) },
            cameWithBatch,
            claims.map(\.submission.rerunOf),
            claims.map { $0.submission.retention?.seconds },
            claims.map { $0.takesKnown && $0.intent != .queue },
        ]
    }

    /// The outcome of a claim by its row; nil when it is undecided.
    static func outcome(_ row: Row, of claim: Claim) throws -> ClaimOutcome? {
        let outcome: String? = try row["outcome"]
        switch outcome {
        case "claimed":
            return .claimed(try AttemptGrant(row))
        case "duplicate": return .duplicate
        case "deferred": return .deferred
        case "parked": return .parked
        case "queued":
            return .queued(OutboxMessage(id: try row["outbox_id"], message: claim.outboundMessage))
        case "taken": return .taken(claim.renamed(try row["own_id"]))
        case "other_request": return .conflict("the id is that of another request")
        case "other_batch":
            return .conflict(
                "the batch has another size, is another tenant's, or is complete in its own message"
            )
        default: return nil
        }
    }

    /// SQL for the id that a tenant has instead of one that is another tenant's: always the same (RFC 9562,
    /// section 5.8).
    static func ownID(insteadOf id: String, tenant: String) -> String {
        """
        overlay(overlay(
            substr(encode(sha256(convert_to(
                'sandmill own id 1 ' || \(id) || ' ' || \(tenant), 'UTF8')), 'hex'), 1, 32)
            placing '8' from 13) placing 'a' from 17)::uuid
        """
    }

    /// A statement's bodies are columns of its rows only where there are more of them than this.
    ///
    /// Each step that a row goes through copies it, what is above 4 MiB by way of a file: a body of 8 MB went
    /// through six. So a few bodies, which may be large, are read from their parameter where they are stored.
    /// Of many none is large, and to find one there takes as long as there are others before it.
    private static let bodiesByPosition = 16

    /// SQL for the body of a row with a `body` and a `position`.
    private static let body = "coalesce(body, ($16::bytea[])[position])"

    static let sql = """
        with claim as materialized (
            select c.*, digest, properties::json as request_properties,
                date_trunc('milliseconds', now()) as now,
                coalesce(not_before <= now(), true) as is_due,
                row_number() over copies as copy,
                first_value(likeness) over copies = likeness as is_alike
            from unnest(
                $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                $7::int4[], $8::jsonb[], $9::timestamptz[], $10::timestamptz[], $11::uuid[],
                $12::text[], $13::text[], $14::uuid[], $15::text[],
                case when cardinality($16::bytea[]) > \(bodiesByPosition) then $16::bytea[] end,
                $18::uuid[], $19::float8[], $20::boolean[]
            ) with ordinality as c(
                id, tenant, pool, level, runtime, batch_id, batch_size, labels, not_before,
                deadline, supersedes, intent, worker, token, properties, body, rerun_of,
                retain_seconds, takes_known, position),
                lateral (select sha256(\(body)) as digest offset 0) as hash,
                lateral (
                    select concat_ws(' ', tenant, pool, intent, batch_id, batch_size, digest)
                        as likeness
                ) as comparison
            window copies as (partition by id order by position)
        ),
        membership as materialized (
            select pg_advisory_xact_lock_shared(key)
            from (
                select distinct \(DeadLetterStatement.lockKey(of: "batch_id")) as key
                from claim where batch_id is not null and not $17 order by key
            ) as batch
        ),
        new_batch as (
            insert into batches (id, tenant, pool, size, pending, submitted_at)
            select distinct on (batch_id)
                batch_id, tenant, pool, batch_size, batch_size, now
            from claim where batch_id is not null and (select count(*) from membership) >= 0
            order by batch_id, position
            on conflict (id) do nothing
            returning id, tenant, size, true as is_open, false as is_limited, cancelled_at
        ),
        batch as (
            select * from new_batch
            union all
            select id, tenant, size, digest is null, max_running is not null, cancelled_at
            from batches
            where id in (select batch_id from claim)
        ),
        admitted as (
            select claim.*, is_held, is_due and intent = 'run' and not is_held as is_ours
            from claim left join batch on batch.id = claim.batch_id, lateral (
                select intent = 'hold' or exists (
                    select from refused_members
                    where is_limited and not $17 and refused_members.batch_id = claim.batch_id
                        and member_id = claim.id) as is_held
            ) as hold
            where copy = 1 and (
                batch_id is null
                or (batch.size = claim.batch_size and batch.tenant = claim.tenant
                    and (is_open or $17
                        or exists (select from executions where executions.id = claim.id)
                        or exists (
                            select from refused_members
                            where refused_members.batch_id = claim.batch_id
                                and member_id = claim.id))))
        ),
        execution as (
            insert into executions as known (
                id, tenant, pool, level, runtime, batch_id, labels, state, attempt, worker,
                claim_token, submitted_at, available_at, started_at, deadline, waits,
                request_properties, request_digest, request_body, rerun_of, retain_seconds)
            select id, tenant, pool, level, runtime, batch_id, labels,
                case when is_ours then 'running' else 'queued' end,
                is_ours::int,
                case when is_ours then worker end,
                case when is_ours then token end,
                now,
                case when is_due then now else not_before end,
                case when is_ours then now end,
                deadline,
                case when is_held then 'batch' when not is_due then 'time'
                    when intent = 'park' then 'store' else 'broker' end,
                request_properties, digest, \(body), rerun_of, retain_seconds
            -- Ordered before it has a body.
            from (select * from admitted order by id offset 0) as admitted
            on conflict (id) do update
            set (state, attempt, worker, claim_token, started_at, waits, available_at) = (
                select
                    case when is_ours then 'running' else known.state end,
                    known.attempt + is_ours::int,
                    case when is_ours then excluded.worker else known.worker end,
                    case when is_ours then excluded.claim_token else known.claim_token end,
                    case when is_ours then date_trunc('milliseconds', clock_timestamp())
                        else known.started_at end,
                    case when is_ours then 'broker'
                        when is_same and is_due and excluded.waits = 'store' then 'store'
                        when is_same and not is_due and known.waits = 'broker' then 'time'
                        else known.waits end,
                    -- What waits here is found by when it began to.
                    case when is_same and is_due and excluded.waits = 'store'
                            and known.waits <> 'store' and not is_ours
                        then date_trunc('milliseconds', clock_timestamp())
                        else known.available_at end
                from (
                    select is_same, is_due, is_same and is_due and excluded.state = 'running'
                        as is_ours
                    from (
                        select known.available_at <= clock_timestamp() as is_due,
                            known.state = 'queued' and known.waits <> 'batch'
                            and known.request_digest = excluded.request_digest
                            and known.tenant = excluded.tenant and known.pool = excluded.pool
                            and (select takes_known from claim where id = known.id and copy = 1)
                            as is_same
                    ) as comparison
                ) as judgement)
            returning id, tenant, pool, level, state, attempt, retries, uncounted_attempts,
                lost_workers, claim_token, submitted_at, available_at, started_at, waits,
                request_digest, request_properties,
                xmax = 0 as is_new
        ),
        judged as materialized (
            select position, claim.id, claim.tenant as claim_tenant, supersedes,
                claim.worker as claim_worker, attempt, retries,
                uncounted_attempts, lost_workers,
                submitted_at, started_at, is_new, claim.batch_id, \(CancellationQuery.decidedEnd) as decided_end, case
                    when claim.batch_id is not null and batch.id is null then null
                    when execution.id is null and not is_alike then null
                    when execution.id is null then 'other_batch'
                    when execution.tenant <> claim.tenant then 'taken'
                    when request_digest <> digest
                        or execution.pool <> claim.pool then 'other_request'
                    when not is_alike then null
                    when copy > 1 then 'duplicate'
                    when claim_token = token and state = 'running' then 'claimed'
                    when state <> 'queued' or not takes_known and not is_new then 'duplicate'
                    when waits = 'batch' then 'parked'
                    when waits = 'time' then 'deferred'
                    when intent = 'queue' then 'queued'
                    when waits = 'store' then 'parked'
                    else 'duplicate'
                end as outcome
            from claim
                left join batch on batch.id = claim.batch_id
                left join execution on execution.id = claim.id
                \(CancellationQuery.join(id: "claim.id", tenant: "claim.tenant"))
        ),
        taken_in as (
            select * from judged where outcome in ('claimed', 'deferred', 'parked', 'queued')
        ),
        noted as (
            insert into cancellations (execution_id, tenant, reason)
            select distinct on (id, claim_tenant) id, claim_tenant, nullif(word, 'cancelled')
            from (
                select supersedes as id, claim_tenant, 'superseded' as word
                from taken_in where supersedes is not null
                union all
                -- What waits and has to end: now there is something to be done.
                select id, claim_tenant, decided_end
                from taken_in where decided_end is not null and outcome <> 'claimed'
            ) as wanted
            order by id, claim_tenant, word
            on conflict (execution_id, tenant) do update set due_at = excluded.due_at
            returning execution_id
        ),
        readmitted_member as (
            delete from refused_members using taken_in
            where refused_members.batch_id = taken_in.batch_id and member_id = taken_in.id
                and is_new
            returning refused_members.batch_id
        ),
        readmitted as (
            update batches set refused = refused - count, pending = pending + count
            from (
                select id, (
                    select count(*) from readmitted_member where batch_id = batches.id
                ) as count
                from batches
                where id in (select batch_id from readmitted_member) and finished_at is null
                    and (select count(*) from noted) >= 0
                order by id for update
            ) as member
            where batches.id = member.id
        ),
        announcement as materialized (
            select nextval('outbox_id') as outbox_id, position, id, claim_worker, body
            from judged join claim using (position, id) where outcome = 'queued'
        ),
        announced as (
            insert into outbox (id, available_at, leased_by, message, body)
            select outbox_id, now() + interval '30 s', claim_worker,
                \(StoredMessage.ofRequest(in: "execution")), \(body)
            from announcement join execution using (id)
        )
        select outcome,
            case when outcome = 'taken'
                then \(ownID(insteadOf: "judged.id", tenant: "claim_tenant")) end as own_id,
            attempt, retries, uncounted_attempts, lost_workers, submitted_at,
            started_at, is_new, outbox_id,
            -- What another claim of this statement says is in no table yet.
            coalesce(decided_end, case when exists (
                select from taken_in as other
                where other.supersedes = judged.id and other.claim_tenant = judged.claim_tenant
            ) then 'superseded' end) as decided_end
        from judged left join announcement using (position) order by position
        """
}
