internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Reads dead letters, of this version and of the one before.
enum DeadLetterQuery {
    /// SQL for a dead letter's routing key; of a row that has none it follows from the rest.
    static let address = #"""
        coalesce(routing_key, case
            when error_type = 'unroutable'
                then substring(reason from '^no queue takes the routing key "(.*)"$')
            when queue like '%.batches' then 'batch'
            else substring(queue from '^.*\.work\.(.+\.(?:high|normal|low))$')
        end)
        """#

    /// SQL for whether all of a dead letter's body is kept.
    static let isComplete = "octet_length(body) = body_bytes"

    /// `date_trunc`, because every time of the ports is in whole milliseconds.
    private static let keptAt = "date_trunc('milliseconds', kept_at) as kept_at"

    static func parameters(
        _ filter: DeadLetterFilter,
        below id: Int64?,
        limit: Int
    ) -> [any PostgreSQLValue] {
        [
            id ?? .max,
            limit,
            filter.ids,
            filter.errorTypes.isEmpty ? nil as [String]? : filter.errorTypes,
            filter.reason,
            filter.pool,
            filter.tenant,
            filter.olderThan.map { $0 / .seconds(1) },
            filter.newerThan.map { $0 / .seconds(1) },
            filter.batch?.text,
        ]
    }

    /// The filters are one value, of which the planner supposes that every other row has it.
    ///
    /// From each alone it would conclude that no more than one row is left, and sort them all for
    /// each page instead of going down the index until the page is full.
    static let list = #"""
        select id, \#(keptAt), error_type, reason, queue, address, tenant, message_id, body_bytes,
            is_complete
        from (
            select id, kept_at, error_type, reason, queue, body_bytes, \#(address) as address,
                coalesce(properties->'headers'->>'tenant', 'default') as tenant,
                properties->>'message_id' as message_id, \#(isComplete) as is_complete,
                body
            from dead_letters
        ) as letter
        where id < $1 and case when
                ($3::int8[] is null or id = any($3))
                and ($4::text[] is null or error_type = any($4))
                and ($5::text is null or position($5 in reason) > 0)
                and ($6::text is null or substring(address from '^(.*)\.[^.]*$') = $6)
                and ($7::text is null or tenant = $7)
                and ($8::float8 is null or kept_at < now() - make_interval(secs => $8))
                and ($9::float8 is null or kept_at >= now() - make_interval(secs => $9))
                and ($10::text is null or lower(message_id) = $10 or position($10 in reason) > 0
                    or position(convert_to($10, 'UTF8') in body) > 0)
            then true else false end
        order by id desc limit $2
        """#

    static let one = """
        select id, \(keptAt), error_type, reason, queue, exchange, \(address) as address, deliveries,
            properties, body, body_bytes, coalesce(
                body_sha256, case when \(isComplete) then encode(sha256(body), 'hex') end
            ) as sha256
        from dead_letters where id = $1
        """
}
