extension Migration {
    /// Executions whose message does not come, and messages that the broker does not take.
    ///
    /// The columns may be left out, as workers of the version before do.
    static let lostMessages = Migration(
        version: 8,
        name: "messages that are lost or refused",
        script: """
            create index executions_awaited on executions (pool, level, tenant, available_at)
                where state = 'queued' and waits = 'broker';

            alter table outbox add rejections int not null default 0;
            comment on column outbox.rejections is
                'How often the broker did not take it; the more often, the later it is sent again.';

            alter table dead_letters add exchange text;
            comment on column dead_letters.exchange is
                'Where it goes when it is requeued, if that is not the exchange of requests.';
            """
    )
}
