internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Takes dead letters away and puts their messages into the outbox.
///
/// The dead letters are locked in the order of their ids, so that two who requeue the same cannot wait
/// for each other, and each goes once.
enum RequeueStatement {
    static func parameters(_ ids: [Int64], _ revision: Revision) -> [any PostgreSQLValue] {
        [
            ids,
            revision.body.map { Data($0) },
            revision.routingKey,
            MessageProperties.meaningfulHeaders,
            revision.isTrusted,
            revision.messageID?.text,
        ]
    }

    static func outcome(_ row: Row) throws -> RequeueOutcome {
        guard let outcome = RequeueOutcome(rawValue: try row["outcome"]) else {
            throw StoreError(.internal, "an outcome that the statement does not have")
        }
        return outcome
    }

    static let sql = """
        with letter as materialized (
            select id, properties::jsonb - case when $5 then 'user_id' else '' end
                    -- Another body is given as it is.
                    - case when $2::bytea is null then '' else 'content_encoding' end as properties, coalesce(exchange, 'submit') as exchange, coalesce($2::bytea, body) as body,
                coalesce($3::text, \(DeadLetterQuery.address)) as address,
                \(DeadLetterQuery.isComplete) as is_complete
            from dead_letters where id = any($1::int8[]) order by id for update
        ),
        identified as (
            select *, case
                when $6::text is not null then $6::text
                when exchange = 'submit' and not coalesce(
                        properties->>'message_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
                        false)
                    then gen_random_uuid()::text end as new_id
            from letter
        ),
        judged as materialized (
            select *, case
                when not is_complete and $2 is null then 'incomplete'
                when address is null then 'unaddressed'
                else 'requeued' end as outcome
            from identified
        ),
        removed as (
            delete from dead_letters using judged
            where dead_letters.id = judged.id and outcome = 'requeued'
            returning judged.*
        ),
        queued as (
            insert into outbox (available_at, message, body)
            select now(), json_build_object(
                    'exchange', exchange, 'routing_key', address, 'properties', jsonb_set(
                        -- Its publisher knows it again by the id that it had.
                        case when new_id is null then properties
                            else properties || jsonb_build_object(
                                'message_id', new_id, 'correlation_id', coalesce(
                                    properties->>'correlation_id', properties->>'message_id')) end,
                        '{headers}', (
                            select coalesce(jsonb_object_agg(key, value), '{}')
                            from jsonb_each(properties->'headers') where key = any($4::text[]))),
                    'is_mandatory', false),
                body
            from removed order by id
        )
        select coalesce(outcome, 'unknown') as outcome
        from unnest($1) with ordinality as wanted(id, position) left join judged using (id)
        order by position
        """
}
