extension Migration {
    /// Everything that is wrong with a refused message, and how its publisher finds it.
    ///
    /// The column may be null: rows of before have none, nor have those that workers of the version before go on
    /// to write.
    static let refusals = Migration(
        version: 13,
        name: "all errors of a refused message",
        script: """
            alter table dead_letters add errors json;
            comment on column dead_letters.errors is
                'Everything that is wrong with it: an array of {"pointer", "message"}, first what reason tells.';

            create index dead_letters_by_message on dead_letters (
                lower(properties->>'message_id'), id);
            """
    )
}
