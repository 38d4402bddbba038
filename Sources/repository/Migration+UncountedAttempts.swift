extension Migration {
    /// Which attempts do not count among those after which an execution is given up, and which had a
    /// sandbox, so that only those are charged with a worker that is lost.
    ///
    /// Workers of the version before write none of it and count all of theirs, which is what the defaults
    /// say.
    static let uncountedAttempts = Migration(
        version: 7,
        name: "attempts that are not counted",
        script: """
            alter table attempts add is_counted boolean not null default true;
            comment on column attempts.is_counted is
                'False where a fault of ours ended it that any execution would have met then, or where it was '
                'lost with its worker before the program could start.';

            alter table executions
                add uncounted_attempts int not null default 0,
                add sandboxed_attempt int;
            comment on column executions.uncounted_attempts is
                'How many of its attempts are not counted among those after which it ends as errored.';
            comment on column executions.sandboxed_attempt is
                'The last attempt that is known to have had a sandbox; told of executions that have lost a '
                'worker before.';
            """
    )
}
