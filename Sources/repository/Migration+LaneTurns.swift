extension Migration {
    /// Where the next take goes on among lanes that are more than one take looks at.
    ///
    /// A turn is a row of its own with the next higher number, since the last of an index is found at once
    /// also while an old snapshot keeps all those before it. Workers of the version before look at all lanes, and
    /// neither read nor write it.
    static let laneTurns = Migration(
        version: 17,
        name: "turns of lanes",
        script: """
            create table lane_turns (
                pool text not null,
                level text not null,
                moves int8 not null,
                tenant text not null,
                primary key (pool, level, moves)
            ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
            comment on table lane_turns is
                'Of levels in which executions of many tenants wait, the tenant whose turn was last.';
            comment on column lane_turns.moves is 'How often it has gone on; only the last is kept.';
            """
    )
}
