internal import FoundationEssentials
internal import PostgreSQL
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
            select id, case when $5 then properties::jsonb - 'user_id' else properties::jsonb
                end as properties, coalesce(exchange, 'submit') as exchange, coalesce($2::bytea, body) as body,
                coalesce($3::text, \(DeadLetterQuery.address)) as address,
                \(DeadLetterQuery.isComplete) as is_complete
            from dead_letters where id = any($1::int8[]) order by id for update
        ),
        judged as materialized (
            select *, case
                when not is_complete and $2 is null then 'incomplete'
                when address is null then 'unaddressed'
                else 'requeued' end as outcome
            from letter
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
                        properties, '{headers}', (
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
