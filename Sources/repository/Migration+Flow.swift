extension Migration {
    /// How work flows: what waits here and not in the broker, what is cancelled, what is tried again
    /// because its request asks for it, and batches that came as one message.
    ///
    /// Workers of the version before neither set nor read any of it. What they put back into the queue
    /// waits in the broker, which is what the default says.
    static let flow = Migration(
        version: 3,
        name: "parking, cancellations, retries of programs, batches in one message",
        script: """
            alter table executions
                add waits text not null default 'broker',
                add deadline timestamptz,
                add retries int not null default 0;
            comment on column executions.waits is
                'While queued, what it waits for: broker, its message, which is on its way; store, a '
                'worker with room, which looks here; time, available_at; batch, the end of another '
                'member.';
            comment on column executions.retries is
                'How many attempts were made again because the request asks for it.';
            create index executions_parked on executions (pool, level, tenant, submitted_at)
                where waits = 'store';
            create index executions_deferred on executions (available_at) where waits = 'time';
            create index executions_held on executions (batch_id, submitted_at, id)
                where waits = 'batch';
            create index executions_queued on executions (pool, level, submitted_at)
                where state = 'queued';
            create index executions_deadline on executions (deadline)
                where state = 'queued' and deadline is not null;
            create index executions_finished on executions (pool, finished_at)
                where finished_at is not null;

            alter table attempts
                add exit_code int,
                add signal int,
                add results_path text;

            alter table sandboxes add execution_id uuid;

            alter table batches
                add refused int not null default 0,
                add max_running int,
                add cancelled_at timestamptz,
                add digest bytea,
                add reply_to text,
                add correlation_id text;
            comment on column batches.refused is
                'How many members are dead letters; they are none of those that are pending.';
            comment on column batches.digest is
                'SHA-256 of the message, of a batch that came as one.';

            create index batches_limited on batches (id)
                where max_running is not null and finished_at is null;
            create index batches_cancelled on batches (id)
                where cancelled_at is not null and finished_at is null;

            create table cancellations (
                execution_id uuid not null,
                tenant text not null,
                reason text,
                requested_at timestamptz not null default now(),
                is_settled boolean not null default false,
                primary key (execution_id, tenant)
            );
            comment on table cancellations is
                'Each execution that somebody wants to end, also before it has come here. Those that nothing '
                'is to be done about now are settled; a claim heeds them all the same.';
            comment on column cancellations.tenant is
                'It counts for an execution of this tenant only; empty for any.';
            create index cancellations_open on cancellations (execution_id) where not is_settled;
            create index cancellations_requested on cancellations (requested_at);
            """
    )
}
