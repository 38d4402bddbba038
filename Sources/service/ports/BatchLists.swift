/// Lists batches.
public protocol BatchLists: Sendable {
    /// Reads a page of the batches that match, newest first.
    ///
    /// - Throws: As ``ExecutionLists/executions(_:page:)``.
    func batches(
        _ filter: BatchFilter,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<BatchRecord>
}
