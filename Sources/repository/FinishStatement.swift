internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Ends executions: record, attempt, files, batch counters and outbox in one statement.
///
/// A member that a dead letter was counted for while it was taken in (``DeadLetterStatement``) is found at the
/// latest when its batch would be complete. Those that end beyond the size of their batch are not counted.
///
/// Executions are locked in the order of their ids, then cancellations, then batches, so that two workers
/// cannot wait for each other.
struct FinishStatement {
    private let executions: [FinishedExecution]
    private let cluster: String
    /// Each event, and the position of its execution, from 1.
    private let events: [(execution: Int, message: OutboundMessage)]

    init(_ unordered: [FinishedExecution], cluster: String) {
        let executions = unordered.sorted { $0.document.id < $1.document.id }
        self.executions = executions
        self.cluster = cluster
        events = executions.enumerated().flatMap { index, execution in
            execution.events.map { (index + 1, $0) }
        }
    }

    var parameters: [any PostgreSQLValue] {
        let documents = executions.map(\.document)
        let files = documents.enumerated().flatMap { index, document in
            document.allFiles.enumerated().map { (index + 1, $0.offset + 1, $0.element) }
        }
        return [
            documents.map(\.id),
            executions.map { Int32(clamping: $0.attempt) },
            executions.map(\.worker),
            executions.map(\.wasQueued),
            executions.map(\.sandbox),
            documents.map(\.state.rawValue),
            documents.map { $0.reason?.rawValue },
            documents.map { $0.exitCode.map(Int32.init(clamping:)) },
            documents.map { $0.signal.map(Int32.init(clamping:)) },
            documents.map(\.wallSeconds),
            documents.map(\.cpuSeconds),
            documents.map { $0.memoryPeakBytes?.bytes },
            documents.map(\.resultsPath),
            executions.map { JSON(String(decoding: $0.encodedDocument, as: UTF8.self)) },
            documents.map(\.finishedAt),
            files.map(\.0),
            files.map(\.1),
            files.map(\.2.path),
            files.map(\.2.bytes.bytes),
            files.map(\.2.sha256),
            events.map(\.execution),
            events.map { StoredJSON.encode(StoredMessage($0.message)) },
            events.map { Data($0.message.body) },
            cluster,
            executions.map(\.resultsSize.bytes),
            documents.map { Int32(clamping: $0.attempt) },
            documents.map(\.startedAt),
            executions.map(\.claimedAt),
            executions.map(\.collectedAt),
        ]
    }

    /// The outbox rows that were written.
    func messages(_ rows: Rows) throws -> [OutboxMessage] {
        try rows.compactMap { row in
            guard let position: Int = try row["event_position"] else {
                return try OutboxMessage(row)
            }
            return OutboxMessage(id: try row["id"], message: events[position - 1].message)
        }
    }

    static let sql = """
        with ended as materialized (
            select * from unnest(
                $1::uuid[], $2::int4[], $3::text[], $4::bool[], $5::text[], $6::text[],
                $7::text[], $8::int4[], $9::int4[], $10::float8[], $11::float8[], $12::int8[],
                $13::text[], $14::jsonb[], $15::timestamptz[], $25::int8[],
                $26::int4[], $27::timestamptz[], $28::timestamptz[], $29::timestamptz[]
            ) with ordinality as e(
                id, attempt, worker, was_queued, sandbox, state, reason, exit_code, signal, wall_seconds,
                cpu_seconds, memory_peak_bytes, results_path, result, finished_at, results_bytes,
                told_attempt, started_at, claimed_at, collected_at, position)
        ),
        execution as (
            update executions
            set state = ended.state, reason = ended.reason, exit_code = ended.exit_code,
                signal = ended.signal, wall_seconds = ended.wall_seconds,
                cpu_seconds = ended.cpu_seconds,
                memory_peak_bytes = ended.memory_peak_bytes,
                results_path = ended.results_path, result = ended.result,
                -- Those of earlier attempts whose files are kept are there already.
                results_bytes = coalesce(executions.results_bytes, 0) + ended.results_bytes,
                attempt = ended.told_attempt, started_at = ended.started_at,
                finished_at = ended.finished_at,
                -- The request stays, for a rerun; it is not written anew where it lies in TOAST.
                waits = case when waits in ('batch', 'time') then 'ended' else 'broker' end
            from ended
            where executions.id = ended.id and executions.attempt = ended.attempt
                and case when was_queued then executions.state = 'queued'
                    else executions.worker = ended.worker and executions.state = 'running' end
            returning ended.id, ended.attempt, ended.worker, ended.was_queued, ended.sandbox,
                ended.state, ended.reason, ended.exit_code, ended.signal, ended.results_path,
                ended.finished_at, ended.claimed_at, ended.collected_at, ended.position,
                executions.batch_id, ended.started_at, ended.told_attempt,
                executions.waits = 'broker' as makes_room
        ),
        settled as (
            update cancellations set due_at = null from execution
            where execution_id = execution.id and due_at is not null
            returning execution_id
        ),
        event as materialized (
            select nextval('outbox_id') as id, event.position, event.execution, execution.worker,
                message::json, body
            from unnest($21::int8[], $22::text[], $23::bytea[])
                with ordinality as event(execution, message, body, position)
                join execution on execution.position = event.execution
        ),
        attempt as (
            insert into attempts (
                execution_id, attempt, worker, sandbox, state, reason, exit_code, signal,
                results_path, started_at, finished_at, claimed_at, collected_at, committed_at,
                outbox_id)
            select execution.id, attempt, worker, sandbox, state, reason, exit_code, signal,
                results_path, started_at, finished_at, claimed_at, collected_at, clock_timestamp(),
                announcement.id
            from execution left join (
                select execution, max(id) as id from event group by execution
            ) as announcement on announcement.execution = position
            where not was_queued and attempt = told_attempt
        ),
        file as (
            insert into files (execution_id, position, path, bytes, sha256)
            select execution.id, file.position, path, bytes, sha256
            from unnest($16::int8[], $17::int8[], $18::text[], $19::int8[], $20::text[])
                as file(execution, position, path, bytes, sha256)
                join execution on execution.position = file.execution
        ),
        locked as materialized (
            select id, pending, refused, digest from batches
            where id in (select batch_id from execution)
                and (select count(*) from settled) >= 0
            order by id for update
        ),
        member as materialized (
            select execution.*, pending, pending <= count(*) over (partition by batch_id)
                    and refused > 0 and digest is null as is_suspect,
                row_number() over (partition by batch_id order by position) as turn
            from execution join locked on locked.id = batch_id
        ),
        \(DeadLetterStatement.strays(of: "member where is_suspect")),
        share as (
            select batch_id, min(worker) as worker, count(*) as ended,
                count(*) filter (where makes_room) as room, strays,
                count(*) filter (where state = 'succeeded') as succeeded,
                count(*) filter (where state = 'failed') as failed,
                count(*) filter (where state = 'timed_out') as timed_out,
                count(*) filter (where state = 'out_of_memory') as out_of_memory,
                count(*) filter (where state = 'output_exceeded') as output_exceeded,
                count(*) filter (where state = 'cancelled') as cancelled,
                count(*) filter (where state = 'expired') as expired,
                count(*) filter (where state = 'errored') as errored
            from member, lateral (
                select count(*) as strays from stray where stray.batch_id = member.batch_id
            ) as found
            where turn <= pending + strays group by batch_id, strays
        ),
        batch as (
            update batches
            set pending = pending + strays - share.ended, refused = refused - strays,
                succeeded = batches.succeeded + share.succeeded,
                failed = batches.failed + share.failed,
                timed_out = batches.timed_out + share.timed_out,
                out_of_memory = batches.out_of_memory + share.out_of_memory,
                output_exceeded = batches.output_exceeded + share.output_exceeded,
                cancelled = batches.cancelled + share.cancelled,
                expired = batches.expired + share.expired,
                errored = batches.errored + share.errored,
                finished_at = case when pending + strays <= share.ended
                    then date_trunc('milliseconds', clock_timestamp()) end
            from share where batches.id = share.batch_id and pending > 0
            returning batches.*, share.worker,
                case when max_running is null then 0 else share.room end as room
        ),
        admitted as (
            \(HeldMembers.admission(of: "batch", except: "select id from execution"))
        ),
        completion as materialized (
            select gen_random_uuid() as event_id, batch.*
            from batch where pending = 0
        ),
        announced as (
            insert into outbox (id, available_at, leased_by, message, body)
            select id, clock_timestamp() + interval '30 s', worker, message, body from event
        ),
        completed as (
            insert into outbox (available_at, leased_by, message, body)
            select clock_timestamp() + interval '30 s', worker, message, body
            from completion, lateral (\(BatchCompletion.sql(cluster: "$24"))) as completed_event
            returning id, message, body
        )
        select id, position as event_position, null::json as message, null::bytea as body
        from event
        union all
        select id, null, message, body from completed
        order by id
        """
}
