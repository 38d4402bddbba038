extension Migration {
    /// What programs a worker runs, for whoever is to know before he asks.
    ///
    /// Workers of the version before write none of it.
    static let poolRuntimes = Migration(
        version: 14,
        name: "the runtimes of the pools of workers",
        script: """
            alter table workers add runtimes jsonb not null default '{}';
            comment on column workers.runtimes is
                'The names of what it runs, by pool, the default first.';
            """
    )
}
