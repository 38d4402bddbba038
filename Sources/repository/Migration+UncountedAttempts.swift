extension Migration {
    /// Which attempts do not count among those after which a fault of ours ends an execution.
    ///
    /// Workers of the version before count all of theirs, which is what the default says.
    static let uncountedAttempts = Migration(
        version: 7,
        name: "attempts that are not counted",
        script: """
            alter table attempts add is_counted boolean not null default true;
            comment on column attempts.is_counted is
                'False where a fault of ours ended it that any execution would have met then: it is not one '
                'of the attempts after which an execution ends as errored.';
            """
    )
}
