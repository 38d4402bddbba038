public import FoundationEssentials

/// Which batches are meant: those to which all of it applies that is not empty.
public struct BatchFilter: Equatable, Sendable {
    /// Where a batch is.
    public enum State: String, CaseIterable, Sendable {
        /// A member has not ended.
        case running
        /// All have.
        case completed
    }

    /// Where they are.
    public var states: [State] = []
    /// Their pools.
    public var pools: [String] = []
    /// Whose they are.
    public var tenants: [String] = []
    /// Their ids, or the beginnings of these.
    public var ids: [IDPrefix] = []
    /// Only those whose first member was submitted at that time or later.
    public var since: Date?
    /// Only those whose first member was submitted before.
    public var until: Date?

    /// Means every batch.
    public init() {}

    /// The same, of a tenant's batches only; nil where it means none of these.
    public func limited(to tenant: String?) -> BatchFilter? {
        guard let tenant else { return self }
        guard tenants.isEmpty || tenants.contains(tenant) else { return nil }
        var filter = self
        filter.tenants = [tenant]
        return filter
    }

    /// What the parameters are called.
    public static let names = ["state", "pool", "tenant", "id", "since", "until"]

    /// Reads parameters; ages count from `now`.
    public init(_ parameters: [ListParameter], now: Date = Date()) throws(ListRefusal) {
        let reader = try ListReader(parameters, names: Self.names, now: now)
        states = try reader.cases("state")
        pools = try reader.names("pool")
        tenants = try reader.names("tenant")
        ids = try reader.prefixes("id")
        since = try reader.time("since")
        until = try reader.time("until")
    }

    /// The same as parameters; ages have become times.
    public var parameters: [ListParameter] {
        states.map { ListParameter("state", $0.rawValue) }
            + pools.map { ListParameter("pool", $0) }
            + tenants.map { ListParameter("tenant", $0) }
            + ids.map { ListParameter("id", $0.text) }
            + (since.map { [ListParameter("since", DocumentCoder.text($0))] } ?? [])
            + (until.map { [ListParameter("until", DocumentCoder.text($0))] } ?? [])
    }
}
