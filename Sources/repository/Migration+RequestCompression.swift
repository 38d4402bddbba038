extension Migration {
    /// Requests are compressed by LZ4, where this Postgres has it.
    ///
    /// Its own method takes 300 ms for 8 MB, as long as all else that is done to take them in. What is there
    /// stays as it is, and both are read alike.
    static let requestCompression = Migration(
        version: 15,
        name: "requests that are compressed quickly",
        script: """
            do $$
            begin
                alter table executions alter request_body set compression lz4;
            exception when feature_not_supported then
                null;
            end
            $$
            """
    )
}
