extension Migration {
    /// Who may use the HTTP gateway, and an index by which the results of a batch are read in pages.
    static let tokens = Migration(
        version: 4,
        name: "access tokens",
        script: """
            create table tokens (
                prefix text primary key,
                digest bytea not null unique,
                name text not null,
                tenant text not null,
                role text not null,
                created_at timestamptz not null default date_trunc('milliseconds', now()),
                expires_at timestamptz,
                revoked_at timestamptz,
                last_used_at timestamptz
            );
            comment on table tokens is 'Who may use the HTTP gateway, and as whom.';
            comment on column tokens.prefix is 'What the token begins with; it is called by that.';
            comment on column tokens.digest is 'SHA-256 of the token, of which 256 bits are random.';
            comment on column tokens.last_used_at is 'To the minute.';

            create index executions_member on executions (batch_id, id)
                where batch_id is not null;
            """
    )
}
