extension Migration {
    /// No table refers to another by a foreign key: each record is written whole by one statement,
    /// and checking it row by row would cost more than writing it.
    static let initial = Migration(
        version: 1,
        name: "initial",
        script: """
            create table executions (
                id uuid primary key,
                tenant text not null,
                pool text not null,
                level text not null,
                runtime text not null,
                batch_id uuid,
                labels jsonb not null,
                state text not null,
                reason text,
                attempt int not null,
                lost_workers int not null default 0,
                worker text,
                claim_token uuid,
                exit_code int,
                signal int,
                wall_seconds float8,
                cpu_seconds float8,
                memory_peak_bytes int8,
                results_path text,
                result jsonb,
                submitted_at timestamptz not null,
                available_at timestamptz not null,
                started_at timestamptz,
                finished_at timestamptz,
                request_properties json not null,
                request_digest bytea not null,
                request_body bytea
            );
            comment on table executions is 'Each program that was accepted, once.';
            comment on column executions.attempt is
                'The last attempt, from 1; the fencing token of every write by its worker.';
            comment on column executions.claim_token is
                'Names the claim of this attempt, so that it can be repeated.';
            comment on column executions.available_at is 'While queued: not claimed before.';
            comment on column executions.request_digest is 'SHA-256 of the body.';
            comment on column executions.request_body is
                'To publish the request again; kept until the end, and of errored ones for good.';
            -- Not "where state = 'running'": then the planner would also use it to find a few
            -- executions by id, by reading all that run.
            create index executions_worker on executions (worker) where finished_at is null;
            create index executions_batch on executions (batch_id) where batch_id is not null;

            create table attempts (
                execution_id uuid not null,
                attempt int not null,
                worker text not null,
                sandbox text,
                state text not null,
                reason text,
                started_at timestamptz,
                finished_at timestamptz not null,
                primary key (execution_id, attempt)
            );
            comment on table attempts is
                'Each attempt that ended: in the end of its execution, or in a fault of ours.';

            create table files (
                execution_id uuid not null,
                position int not null,
                path text not null,
                bytes int8 not null,
                sha256 text not null,
                primary key (execution_id, position)
            );
            comment on table files is 'Each output file that was kept, in the order of the paths.';

            create table batches (
                id uuid primary key,
                tenant text not null,
                pool text not null,
                size int not null,
                pending int not null,
                succeeded int not null default 0,
                failed int not null default 0,
                timed_out int not null default 0,
                out_of_memory int not null default 0,
                output_exceeded int not null default 0,
                cancelled int not null default 0,
                expired int not null default 0,
                errored int not null default 0,
                submitted_at timestamptz not null,
                finished_at timestamptz
            );
            comment on table batches is
                'Each batch, with how many of its members have not ended and how the others did.';

            create table dead_letters (
                id int8 generated always as identity primary key,
                kept_at timestamptz not null default now(),
                error_type text not null,
                reason text not null,
                queue text not null,
                properties json not null,
                body bytea not null,
                body_bytes int8 not null
            );
            comment on table dead_letters is
                'Each message that was refused; body_bytes tells when body is only its beginning.';

            create sequence outbox_id;
            create table outbox (
                id int8 primary key default nextval('outbox_id'),
                available_at timestamptz not null,
                leased_by text,
                message json not null,
                body bytea not null
            ) with (
                autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
                toast_tuple_target = 8160);
            -- Compressing what is deleted in a moment costs more than it saves.
            alter table outbox alter body set storage external;
            alter sequence outbox_id owned by outbox.id;
            comment on table outbox is
                'Messages to publish. Whoever takes one moves available_at to the end of its lease.';
            create index outbox_available on outbox (available_at);

            create table workers (
                id text primary key,
                incarnation uuid not null,
                version text not null,
                registered_at timestamptz not null,
                expires_at timestamptz not null
            );
            comment on table workers is
                'Each worker that is alive; it also holds an advisory lock as long as it lives.';

            create table sandboxes (
                worker text not null,
                pool text not null,
                container text,
                state text not null,
                tenant text,
                uses int not null,
                memory_bytes int8 not null
            );
            comment on table sandboxes is 'Each sandbox of each worker.';
            create index sandboxes_worker on sandboxes (worker);
            """
    )
}
