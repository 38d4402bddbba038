/// Where the output streams of executions can be read, on any host: while they run and afterwards.
public protocol OutputSource: Sendable {
    /// Reads at most `limit` bytes of a stream from `offset` on.
    ///
    /// What is staged comes at most 250 ms after the worker got it. Behind a network file system
    /// its caches add to that.
    ///
    /// - Returns: The bytes; none at the end of what there is; nil when there is no such stream,
    ///   as before anything was staged and after that was put in place or thrown away.
    func read(
        _ stream: SandboxOutput.Stream,
        at place: OutputLocation,
        from offset: Int,
        limit: Int
    ) async throws(ResultsError) -> [UInt8]?
}
