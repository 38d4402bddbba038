/// The event that says that the last member of a batch has ended.
///
/// A CloudEvents 1.0 envelope like that of an execution's, with the batch's counters as its data.
enum BatchCompletion {
    /// SQL for its messages and their body, of the row `completion` of a batch with an `event_id`:
    /// one for the exchange, and one for the queue that the batch's message named.
    static func sql(cluster parameter: String) -> String {
        """
        select
            json_build_object(
                'exchange', target.exchange,
                'routing_key', target.key,
                'properties', json_build_object(
                    'content_type', 'application/cloudevents+json',
                    'message_id', completion.event_id,
                    'correlation_id', completion.correlation_id,
                    'app_id', 'sandmill',
                    'headers', json_build_object()),
                'is_mandatory', false) as message,
            convert_to(json_build_object(
                'specversion', '1.0',
                'id', completion.event_id,
                'source', '/sandmill/' || \(parameter)::text,
                'type', 'dev.sandmill.batch.completed.v1',
                'subject', completion.id,
                'time', \(rfc3339("completion.finished_at")),
                'datacontenttype', 'application/json',
                'data', json_build_object(
                    'id', completion.id,
                    'tenant', completion.tenant,
                    'pool', completion.pool,
                    'size', completion.size,
                    'counts', json_build_object(
                        'succeeded', completion.succeeded,
                        'failed', completion.failed,
                        'timed_out', completion.timed_out,
                        'out_of_memory', completion.out_of_memory,
                        'output_exceeded', completion.output_exceeded,
                        'cancelled', completion.cancelled,
                        'expired', completion.expired,
                        'errored', completion.errored),
                    'refused', completion.refused,
                    'submitted_at', \(rfc3339("completion.submitted_at")),
                    'finished_at', \(rfc3339("completion.finished_at")))
            )::text, 'UTF8') as body
        from (
            values
                (
                    'events',
                    'batch.completed.' || completion.pool || '.'
                        || replace(completion.tenant, '.', '_')),
                ('', nullif(completion.reply_to, ''))
        ) as target(exchange, key)
        where key is not null
        """
    }

    private static func rfc3339(_ time: String) -> String {
        #"to_char(\#(time) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"#
    }
}
