internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Keeps dead letters, and takes those that are members of batches off what these wait for.
///
/// A member of a batch of many messages counts once, however often its message comes, and not if its
/// execution is there; nor do more than the batch waits for. Those of a batch in one message all count.
/// The last that a batch waits for completes it.
///
/// Whoever counts dead letters of a batch of many messages first takes ``lock``, which claims of its members
/// share until they are committed, and then the batch's row; so it sees their executions. A claim that
/// waited for the lock does not see what was counted: ``strays(of:)`` finds that when the batch would be
/// complete.
enum DeadLetterStatement {
    /// SQL for the key of the lock of a batch.
    static func lockKey(of batch: String) -> String {
        "hashtextextended('sandmill batch ' || current_schema() || ' ' || \(batch), 0)"
    }

    /// Waits until no member of the batches `$1` is being taken in, and keeps others out.
    static let lock = """
        select pg_advisory_xact_lock(key)
        from (
            select distinct \(lockKey(of: "batch_id")) as key from unnest($1::uuid[]) as batch(batch_id)
            order by key
        ) as batch
        """

    /// Locks the rows of the batches `$1`.
    static let lockedBatches =
        "select from batches where id = any($1::uuid[]) order by id for update"

    /// The table expression `stray`, with the `batch_id` of each member that was counted as refused and is
    /// an execution all the same; they are none any more.
    static func strays(of batches: String) -> String {
        """
        stray as (
            delete from refused_members
            where batch_id in (select batch_id from \(batches)) and exists (
                select from executions
                where executions.id = member_id
                    and executions.batch_id = refused_members.batch_id)
            returning batch_id
        )
        """
    }

    /// Keeps dead letters in a transaction, with what announces them.
    ///
    /// - Parameters:
    ///   - letters: What is kept.
    ///   - members: What each is a member of, nil of none.
    ///   - cameWithBatch: Whether they are from the message of their batch, which no other may join.
    ///   - cluster: What the installation is called in events.
    ///   - connection: Where the transaction is.
    /// - Throws: `PostgreSQLError`.
    static func keep(
        _ letters: [DeadLetter],
        members: [RefusedMember?],
        cameWithBatch: Bool = false,
        cluster: String,
        on connection: isolated Connection
    ) throws {
        let numbers = try connection.query(Self.numbers, [letters.count])
        var events: [OutboundMessage] = []
        var ids: [Int64] = []
        for (letter, row) in zip(letters, numbers) {
            let id: Int64 = try row["id"]
            ids.append(id)
            events += letter.announcement(number: id, at: try row["now"], cluster: cluster)
        }
        // Before a batch is said to be complete, its members are said to be refused.
        if !events.isEmpty {
            try connection.query(
                """
                insert into outbox (available_at, message, body)
                select now(), message::json, body
                from unnest($1::text[], $2::bytea[]) with ordinality as event(message, body, position)
                order by position
                """,
                [
                    events.map { StoredJSON.encode(StoredMessage($0)) },
                    events.map { Data($0.body) },
                ]
            )
        }
        try connection.query(
            sql,
            parameters(ids, letters, members, cameWithBatch: cameWithBatch, cluster: cluster)
        )
    }

    /// The numbers of `$1` dead letters, and the time when they are kept.
    private static let numbers = """
        select nextval(pg_get_serial_sequence('dead_letters', 'id')) as id,
            date_trunc('milliseconds', now()) as now
        from generate_series(1::int8, $1::int8) order by id
        """

    private static func parameters(
        _ ids: [Int64],
        _ letters: [DeadLetter],
        _ members: [RefusedMember?],
        cameWithBatch: Bool,
        cluster: String
    ) -> [any PostgreSQLValue] {
        [
            letters.map(\.errorType),
            letters.map(\.reason),
            letters.map(\.queue),
            letters.map(\.routingKey),
            letters.map { $0.deliveries.map(Int32.init(clamping:)) },
            letters.map { StoredJSON.encode(StoredProperties($0.properties)) },
            letters.map { Data($0.body) },
            letters.map(\.bodySize.bytes),
            letters.map(\.sha256),
            members.map { $0?.batch.id },
            members.map { $0.map { Int32(clamping: $0.batch.size) } },
            members.map { $0?.tenant },
            members.map { $0?.id },
            cameWithBatch,
            cluster,
            letters.map { $0.exchange == .submit ? nil : $0.exchange.rawValue },
            ids,
            letters.map { StoredJSON.encode($0.faults) },
        ]
    }

    private static let sql = """
        with letter as materialized (
            select * from unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::int4[], $6::text[],
                $7::bytea[], $8::int8[], $9::text[], $10::uuid[], $11::int4[], $12::text[],
                $13::uuid[], $16::text[], $17::int8[], $18::text[]
            ) as letter(
                error_type, reason, queue, routing_key, deliveries, properties, body, body_bytes,
                digest, batch_id, batch_size, tenant, member_id, exchange, id, errors)
        ),
        kept as (
            insert into dead_letters (
                id, error_type, reason, errors, queue, exchange, routing_key, deliveries, properties,
                body, body_bytes, body_sha256)
            overriding system value
            select id, error_type, reason, errors::json, queue, exchange, routing_key, deliveries,
                properties::json, body, body_bytes, coalesce(digest, encode(sha256(body), 'hex'))
            from letter
        ),
        named as materialized (
            select * from batches where id in (select batch_id from letter)
        ),
        member as (
            insert into refused_members (batch_id, member_id)
            select batch_id, member_id
            from (
                select batch_id, member_id, pending,
                    row_number() over (partition by batch_id order by member_id) as turn
                from (
                    select distinct batch_id, member_id, pending
                    from letter join named on named.id = batch_id
                    where size = batch_size and named.tenant = letter.tenant
                        and finished_at is null
                        and ($14 or named.digest is null and not exists (
                            select from executions
                            where executions.id = member_id
                                and executions.batch_id = letter.batch_id
                        ) and not exists (
                            select from refused_members
                            where refused_members.batch_id = letter.batch_id
                                and refused_members.member_id = letter.member_id))
                ) as candidate
            ) as member
            where $14 or turn <= pending
            order by 1, 2
            on conflict do nothing
            returning batch_id
        ),
        share as materialized (
            select batch_id, count(*) from member where not $14 group by batch_id
            union all
            -- Several can have one id.
            select batch_id, count(*) from letter where $14 group by batch_id
        ),
        \(strays(
            of: "share join named on named.id = batch_id where pending <= count and digest is null")),
        batch as (
            update batches
            set refused = refused + count - strays,
                pending = greatest(pending + strays - count, 0),
                finished_at = case when pending + strays <= count
                    then date_trunc('milliseconds', clock_timestamp()) end
            from share, lateral (
                select count(*) as strays from stray where stray.batch_id = share.batch_id
            ) as found
            where batches.id = share.batch_id and pending > 0
            returning batches.*
        ),
        completion as materialized (
            select gen_random_uuid() as event_id, batch.* from batch where pending = 0
        )
        insert into outbox (available_at, message, body)
        select now(), message, completed_event.body
        from completion, lateral (\(BatchCompletion.sql(cluster: "$15"))) as completed_event
        """

    /// Makes the batches that dead letters name, where no other member has come yet.
    ///
    /// It goes before, by itself, behind ``lock``: a statement does not see what another transaction made
    /// while it ran.
    static let batches = """
        insert into batches (id, tenant, pool, size, pending, submitted_at)
        select distinct on (id) id, tenant, pool, size, size, date_trunc('milliseconds', now())
        from unnest($1::uuid[], $2::text[], $3::text[], $4::int4[])
            with ordinality as member(id, tenant, pool, size, position)
        order by id, position
        on conflict (id) do nothing
        """

    static func batchParameters(_ members: [RefusedMember]) -> [any PostgreSQLValue] {
        [
            members.map(\.batch.id),
            members.map(\.tenant),
            members.map(\.pool),
            members.map { Int32(clamping: $0.batch.size) },
        ]
    }
}
