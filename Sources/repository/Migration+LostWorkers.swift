extension Migration {
    /// Which attempts had a sandbox, so that only those are charged with a worker that is lost.
    ///
    /// Workers of the version before write neither column, so what kills only those is found when the
    /// last of them is gone.
    static let lostWorkers = Migration(
        version: 6,
        name: "lost workers are charged to what ran",
        script: """
            alter table executions
                add sandboxed_attempt int,
                add unrun_attempts int not null default 0;
            comment on column executions.sandboxed_attempt is
                'The last attempt that is known to have had a sandbox; told of executions that have lost a '
                'worker before.';
            comment on column executions.unrun_attempts is
                'How many attempts were lost with their worker before the program could start.';
            """
    )
}
