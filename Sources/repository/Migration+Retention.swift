extension Migration {
    /// How long executions are kept because they ask for it, what their results take, and what finds those whose
    /// time has come.
    ///
    /// Workers of the version before write neither column: what they take in is kept as the configuration says, and
    /// has no size until a sweep adds it up.
    ///
    /// Each index has a condition that only sweeps state, so that no statement of workers is planned with it.
    static let retention = Migration(
        version: 12,
        name: "retention",
        script: """
            alter table executions
                add retain_seconds float8,
                add results_bytes int8;
            comment on column executions.retain_seconds is
                'How long it is kept from its end on, because its request asks for it; else the configuration '
                'says.';
            comment on column executions.results_bytes is
                'What the files of its attempts take, once it has ended.';

            create index deleted_executions_old on deleted_executions (deleted_at)
                where paths is null;
            comment on table deleted_executions is
                'Executions that were there, so that who asks for one learns that; kept for retention.removed.';

            create table sweeps (
                name text primary key,
                due_at timestamptz not null default now(),
                holder text
            ) with (fillfactor = 50);
            insert into sweeps (name) values ('retention'), ('quotas');
            comment on table sweeps is
                'What somebody does now and then for all; whoever begins moves due_at to the end of its lease.';
            """,
        indexes: [
            Index(
                "executions_ended",
                on: """
                    executions (pool, state, finished_at, id) include (tenant, results_bytes)
                    where finished_at is not null and retain_seconds is null
                    """
            ),
            Index(
                "executions_retained",
                on: """
                    executions (\(retainedUntil), id) include (tenant, results_bytes)
                    where finished_at is not null and retain_seconds is not null
                    """
            ),
            Index(
                "executions_unmeasured",
                on: """
                    executions (id) where finished_at is not null and results_bytes is null
                    """
            ),
        ]
    )

    /// SQL for when the time ends for which an execution asked to be kept, in seconds of Unix time.
    ///
    /// An index needs what depends on no time zone.
    static let retainedUntil =
        "(date_part('epoch', finished_at at time zone 'UTC') + retain_seconds)"
}
