public import FoundationEssentials

/// Keeps the messages that were refused until a person has decided about them.
public protocol DeadLetterStore: Sendable {
    /// Keeps messages, with their reasons: at most 256, in one transaction, which puts what announces them
    /// into the outbox (``DeadLetter/announcement(number:at:cluster:)``).
    func keep(_ letters: [DeadLetter]) async throws(StoreError)

    /// Reads at most `limit` of the dead letters that match, without their bodies, newest first; with
    /// an `id` only those below it, so that a list is read page by page.
    func list(
        _ filter: DeadLetterFilter,
        below id: Int64?,
        limit: Int
    ) async throws(StoreError) -> [DeadLetterSummary]

    /// Counts the dead letters that match.
    func count(_ filter: DeadLetterFilter) async throws(StoreError) -> Int

    /// Reads one dead letter; nil when there is none.
    func letter(_ id: Int64) async throws(StoreError) -> StoredDeadLetter?

    /// Takes dead letters away and puts their messages into the outbox, due at once, in one transaction.
    ///
    /// A message keeps its properties, with ``MessageProperties/meaningfulHeaders`` only. The relay of
    /// any worker publishes it, so the broker need not be there. What cannot be requeued stays.
    ///
    /// - Returns: One outcome an id, each of which is given once, in the same order.
    func requeue(
        _ ids: [Int64],
        as revision: Revision
    ) async throws(StoreError) -> [RequeueOutcome]

    /// Removes dead letters for good.
    ///
    /// - Returns: Those that were there.
    func purge(_ ids: [Int64]) async throws(StoreError) -> [Int64]
}

extension DeadLetterStore {
    /// Reads the newest dead letter of a message with this id; nil where there is none.
    ///
    /// - Parameters:
    ///   - message: The message's id; of a request, the execution's.
    ///   - tenant: Whose it has to be; nil for anybody's. What somebody published for a tenant who may not
    ///     speak for it is not that tenant's.
    /// - Returns: The dead letter.
    /// - Throws: ``StoreError``.
    public func letter(
        of message: UUID,
        tenant: String?
    ) async throws(StoreError) -> StoredDeadLetter? {
        let filter = DeadLetterFilter(tenants: tenant.map { [$0] } ?? [], message: message)
        for summary in try await list(filter, below: nil, limit: 16) {
            let isForged = summary.errorType == RequestRefusal.Kind.forbiddenTenant.rawValue
            if tenant == nil || !isForged { return try await letter(summary.id) }
        }
        return nil
    }

    /// Reads a page of the dead letters that match, newest first.
    public func page(
        _ filter: DeadLetterFilter,
        _ page: ListPageRequest
    ) async throws(StoreError) -> ListPage<DeadLetterSummary> {
        let found = try await list(
            filter,
            below: page.cursor?.microseconds,
            limit: page.limit + 1
        )
        let items = Array(found.prefix(page.limit))
        let next = found.count > page.limit ? items.last.map { ListCursor(number: $0.id) } : nil
        return ListPage(items: items, next: next)
    }

    /// Calls `body` with page after page of the dead letters that match, newest first.
    ///
    /// There are at most `size` on a page, and at most `limit` in all. Dead letters may be taken away
    /// meanwhile; those that come meanwhile are left out.
    public func forEachPage(
        of filter: DeadLetterFilter,
        limit: Int? = nil,
        size: Int = 256,
        _ body: ([DeadLetterSummary]) async throws -> Void
    ) async throws {
        var rest = limit ?? .max
        var last: Int64?
        while rest > 0 {
            let page = try await list(filter, below: last, limit: min(size, rest))
            guard let lowest = page.last else { return }
            try await body(page)
            rest -= page.count
            last = lowest.id
        }
    }
}
