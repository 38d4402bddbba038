extension Migration {
    /// Which members of batches are dead letters.
    ///
    /// Of batches that were taken in before, nobody knows any more which those are: a member that is
    /// mended does not count again. Workers of the version before do not count them at all.
    static let refusedMembers = Migration(
        version: 5,
        name: "refused members of batches",
        script: """
            create table refused_members (
                batch_id uuid not null,
                member_id uuid not null,
                primary key (batch_id, member_id)
            );
            comment on table refused_members is
                'Members of batches that are dead letters, until one is taken in after all.';

            -- It is the beginning of executions_member.
            drop index executions_batch;
            """
    )
}
