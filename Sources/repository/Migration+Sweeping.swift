extension Migration {
    /// Sweeps that cost what they find, and when tables are vacuumed.
    ///
    /// Workers of the version before go on with `is_settled` and its index, which this one neither reads
    /// nor writes; nor does it use `executions_deadline` and `batches_cancelled`.
    static let sweeping = Migration(
        version: 6,
        name: "sweeps that read what they find",
        script: """
            alter table cancellations add due_at timestamptz default now();
            update cancellations set due_at = null where is_settled;
            comment on table cancellations is
                'Each execution that somebody wants to end, also before it has come here. A claim heeds them '
                'all, also those that nothing is to be done about now.';
            comment on column cancellations.due_at is
                'When a sweeper looks at it next; null when nothing is to be done about it.';
            create index cancellations_due on cancellations (tenant, due_at)
                where due_at is not null;

            create index executions_expiring on executions (tenant, deadline)
                where state = 'queued' and deadline is not null and retries = 0;
            create index executions_waiting on executions (pool, available_at)
                where waits = 'store';
            create index executions_unfinished_member on executions (batch_id, waits)
                where batch_id is not null and finished_at is null;
            create index batches_cancelled_at on batches (cancelled_at)
                where cancelled_at is not null;

            -- By default a fifth of a table has to change before it is vacuumed: of ten million
            -- executions that is two million dead rows, and as many entries of each index.
            alter table executions set (
                autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000,
                autovacuum_analyze_scale_factor = 0.05);
            alter table cancellations set (
                autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
            -- Rows whose indexed columns stay as they are find room beside themselves.
            alter table batches set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
            alter table workers set (fillfactor = 50);
            alter table sandboxes set (
                autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
            """
    )
}
