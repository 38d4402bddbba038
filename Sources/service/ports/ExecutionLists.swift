/// Lists executions.
public protocol ExecutionLists: Sendable {
    /// Reads a page of the executions that match, newest first.
    ///
    /// - Throws: ``StoreError``, with ``StoreError/Code/tooMuchToRead`` when too many would have to be
    ///   read to find them.
    func executions(
        _ filter: ExecutionFilter,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<ExecutionSummary>

    /// Counts the executions that match, up to `limit`.
    func executionCount(
        _ filter: ExecutionFilter,
        upTo limit: Int
    ) async throws(StoreError) -> Int
}
