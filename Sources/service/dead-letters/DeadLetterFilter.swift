public import FoundationEssentials

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
    /// Only those of a message with this id.
    public var message: UUID?

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
        batch: UUID? = nil,
        message: UUID? = nil
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
        self.message = message
    }

    /// Whether it means every dead letter.
    public var isEmpty: Bool { self == DeadLetterFilter() }
}
