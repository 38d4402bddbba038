extension Migration {
    /// What an operator sees of workers and may ask of them, and since when messages are in the outbox.
    ///
    /// Workers of the version before write none of it, and heed no drain.
    static let supervision = Migration(
        version: 11,
        name: "drains of workers, their figures, and the age of the outbox",
        script: """
            alter table workers
                add draining_since timestamptz,
                add drained_at timestamptz,
                add slots jsonb not null default '{}',
                add unacknowledged jsonb not null default '{}';
            comment on column workers.draining_since is
                'Since when it is to take nothing more; kept while a worker with this name is on the list.';
            comment on column workers.drained_at is
                'Since when it holds nothing, as it says itself.';
            comment on column workers.slots is
                'How many programs it runs at once, by pool.';
            comment on column workers.unacknowledged is
                'How many deliveries it holds that are not acknowledged, by queue, when its lease was renewed.';

            alter table outbox add created_at timestamptz not null default now();
            comment on column outbox.created_at is 'When it was put there.';
            """
    )
}
