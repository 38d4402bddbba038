extension Migration {
    /// When an attempt came to each of its steps, for whoever asks where the time went, and what finds what people
    /// did to what is a tenant's.
    ///
    /// Written with the end of the attempt, so that it costs no statement. Workers of the version before write none of
    /// it.
    static let timeline = Migration(
        version: 16,
        name: "the timeline of attempts",
        script: """
            alter table attempts
                add claimed_at timestamptz,
                add collected_at timestamptz,
                add committed_at timestamptz,
                add outbox_id int8;
            comment on column attempts.claimed_at is 'When it was claimed.';
            comment on column attempts.collected_at is
                'When its output was durable, which is collected from finished_at on.';
            comment on column attempts.committed_at is 'When its end was written here.';
            comment on column attempts.outbox_id is
                'The last message that announces its end, which is in the outbox until that is announced.';
            """,
        indexes: [Index("audit_by_tenant", on: "audit (tenant, id)")]
    )
}
