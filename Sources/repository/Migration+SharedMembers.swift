extension Migration {
    /// Which members of a batch another batch has already, with the same request.
    ///
    /// Workers of the version before keep those as dead letters.
    static let sharedMembers = Migration(
        version: 18,
        name: "members that another batch has",
        script: """
            alter table refused_members add is_shared boolean not null default false;
            comment on column refused_members.is_shared is
                'It is no dead letter: the same request runs, or ran, outside of this batch.';
            comment on table refused_members is
                'Members of batches that are not run in them, until one is taken in after all.';
            """
    )
}
