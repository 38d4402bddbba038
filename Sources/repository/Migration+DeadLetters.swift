extension Migration {
    /// The columns may be null: rows of before have none of them, nor have those that workers of
    /// the version before go on to write.
    static let deadLetters = Migration(
        version: 2,
        name: "dead letters that can be requeued",
        script: """
            alter table dead_letters
                add routing_key text,
                add deliveries int,
                add body_sha256 text;
            comment on column dead_letters.routing_key is
                'What leads it to its queue, or what no queue took.';
            comment on column dead_letters.deliveries is
                'How often its queue delivered it to a worker, where that is known.';
            comment on column dead_letters.body_sha256 is
                'SHA-256 of the whole body, in hexadecimal, also where body is only its beginning.';
            """
    )
}
