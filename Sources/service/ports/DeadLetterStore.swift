public import FoundationEssentials
public import SandmillEntity

/// Keeps the messages that were refused until a person has decided about them.
public protocol DeadLetterStore: Sendable {
    /// Keeps messages, with their reasons: at most 256, in one transaction.
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

/// Which dead letters are meant: those to which everything applies that is not nil or empty.
public struct DeadLetterFilter: Equatable, Sendable {
    /// Only these.
    public var ids: [Int64]?
    /// Only those with one of these error types.
    public var errorTypes: [String]
    /// Only those with this text in their reason.
    public var reason: String?
    /// Only those whose routing key names one of these pools.
    public var pools: [String]
    /// Only those of one of these tenants.
    public var tenants: [String]
    /// Only those that were kept longer ago.
    public var olderThan: Duration?
    /// Only those that were kept since then.
    public var newerThan: Duration?
    /// Only those that were kept at that time or later.
    public var since: Date?
    /// Only those that were kept before.
    public var until: Date?
    /// Only this batch itself and those that name it: in what is kept of their body, or in their
    /// reason.
    public var batch: UUID?

    /// Describes dead letters; by default all.
    public init(
        ids: [Int64]? = nil,
        errorTypes: [String] = [],
        reason: String? = nil,
        pools: [String] = [],
        tenants: [String] = [],
        olderThan: Duration? = nil,
        newerThan: Duration? = nil,
        since: Date? = nil,
        until: Date? = nil,
        batch: UUID? = nil
    ) {
        self.ids = ids
        self.errorTypes = errorTypes
        self.reason = reason
        self.pools = pools
        self.tenants = tenants
        self.olderThan = olderThan
        self.newerThan = newerThan
        self.since = since
        self.until = until
        self.batch = batch
    }

    /// Whether it means every dead letter.
    public var isEmpty: Bool { self == DeadLetterFilter() }
}

/// What a list tells of a dead letter.
public struct DeadLetterSummary: Equatable, Sendable {
    /// Its number.
    public var id: Int64
    /// When it was kept.
    public var keptAt: Date
    /// Why, as a word that programs can compare.
    public var errorType: String
    /// Why, for a person.
    public var reason: String
    /// The queue it came from.
    public var queue: String
    /// What leads it to that queue, or what no queue took; nil where nobody knows.
    public var routingKey: String?
    /// Whose it is.
    public var tenant: String
    /// The message's id.
    public var messageID: String?
    /// How long its body is.
    public var bodySize: ByteCount
    /// Whether all of its body is kept.
    public var isComplete: Bool

    /// Puts a summary together.
    public init(
        id: Int64,
        keptAt: Date,
        errorType: String,
        reason: String,
        queue: String,
        routingKey: String?,
        tenant: String,
        messageID: String?,
        bodySize: ByteCount,
        isComplete: Bool
    ) {
        self.id = id
        self.keptAt = keptAt
        self.errorType = errorType
        self.reason = reason
        self.queue = queue
        self.routingKey = routingKey
        self.tenant = tenant
        self.messageID = messageID
        self.bodySize = bodySize
        self.isComplete = isComplete
    }
}

/// What is different about a message that is published again.
public struct Revision: Equatable, Sendable {
    /// Its whole body; nil for the body that it had.
    public var body: [UInt8]?
    /// Its routing key; nil for the one that it had.
    public var routingKey: String?
    /// Whether it is for the tenant that it names, whoever published it.
    public var isTrusted: Bool

    /// Describes a revision; by default none.
    public init(body: [UInt8]? = nil, routingKey: String? = nil, isTrusted: Bool = false) {
        self.body = body
        self.routingKey = routingKey
        self.isTrusted = isTrusted
    }

    /// What will become of a dead letter.
    public func outcome(of letter: DeadLetterSummary) -> RequeueOutcome {
        guard letter.isComplete || body != nil else { return .incomplete }
        guard letter.routingKey != nil || routingKey != nil else { return .unaddressed }
        return .requeued
    }
}

/// What became of a dead letter that was to be requeued.
public enum RequeueOutcome: String, Equatable, Sendable {
    /// Its message is in the outbox.
    case requeued
    /// Only the beginning of its body is kept, and no other was given.
    case incomplete
    /// Its routing key is not known, and no other was given.
    case unaddressed
    /// There is no such dead letter.
    case unknown
}

extension DeadLetterStore {
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
