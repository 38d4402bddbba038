extension Migration {
    /// What lists are read by, executions that repeat others, acts on many, and who did what.
    ///
    /// Each index of executions and batches for lists has a condition that always holds and that only lists state, so
    /// that no statement of workers is planned with it. Workers of the version before still drop the
    /// request's body at the end; their executions cannot be rerun.
    static let lists = Migration(
        version: 9,
        name: "lists, reruns, bulk actions, audit",
        script: """
            alter table executions add rerun_of uuid;
            comment on column executions.rerun_of is 'The execution that it repeats.';
            comment on column executions.request_body is
                'To publish the request again, and to run it again once it has ended.';

            create index executions_by_time on executions (submitted_at, id) where attempt >= 0;
            create index executions_by_state on executions (state, submitted_at, id)
                where attempt >= 0;
            create index executions_by_tenant on executions (tenant, state, submitted_at, id)
                where attempt >= 0;
            create index executions_by_pool on executions (pool, level, submitted_at, id)
                where attempt >= 0;
            create index executions_by_runtime on executions (runtime, submitted_at, id)
                where attempt >= 0;
            create index executions_by_worker on executions (worker, submitted_at, id)
                where worker is not null and attempt >= 0;
            create index executions_by_reason on executions (reason, submitted_at, id)
                where reason is not null and attempt >= 0;
            create index executions_by_label on executions using gin (labels jsonb_path_ops)
                where labels <> '{}' and attempt >= 0;

            create index batches_by_time on batches (submitted_at, id) where size >= 0;
            create index batches_by_tenant on batches (tenant, submitted_at, id) where size >= 0;
            create index batches_by_pool on batches (pool, submitted_at, id) where size >= 0;
            create index batches_by_end on batches (submitted_at, id)
                where finished_at is null and size >= 0;

            create index dead_letters_by_type on dead_letters (error_type, id);
            create index dead_letters_by_time on dead_letters (kept_at);
            create index dead_letters_by_tenant on dead_letters (
                coalesce(properties->'headers'->>'tenant', 'default'), id);

            create table deleted_executions (
                id uuid primary key,
                tenant text not null,
                reason text not null,
                deleted_at timestamptz not null default now()
            );
            comment on table deleted_executions is
                'Executions that were there, so that who asks for one learns that.';

            create table bulk_actions (
                id uuid primary key,
                target text not null,
                filter json not null,
                action text not null,
                tenant text,
                actor text not null,
                created_at timestamptz not null default date_trunc('milliseconds', now()),
                finished_at timestamptz,
                matching int8 not null,
                done int8 not null default 0,
                failed int8 not null default 0,
                failure text,
                cursor text,
                leased_until timestamptz not null default now()
            );
            comment on table bulk_actions is
                'What somebody does to all that match a filter, in steps by whoever is there.';
            comment on column bulk_actions.tenant is 'It is done to what is this tenant''s; null for anybody''s.';
            comment on column bulk_actions.cursor is 'The place that the next step begins behind.';
            create index bulk_actions_open on bulk_actions (leased_until) where finished_at is null;
            create index bulk_actions_by_time on bulk_actions (created_at, id);

            create table audit (
                id int8 generated always as identity primary key,
                at timestamptz not null default date_trunc('milliseconds', now()),
                actor text not null,
                action text not null,
                target text not null,
                subject text not null,
                tenant text,
                count int8 not null
            );
            comment on table audit is 'What people did: who, what, to what, to how many.';
            create index audit_by_time on audit (at);
            """
    )
}
