public import FoundationEssentials
public import SandmillEntity

/// Which executions are meant: those to which all of it applies that is not empty.
///
/// Of several values of one field one has to apply. It is the same in the queries of the gateway, on the
/// command line, on the page and in a bulk action.
public struct ExecutionFilter: Equatable, Sendable {
    /// Where they are.
    public var states: [ExecutionState] = []
    /// Why they ended so.
    public var reasons: [String] = []
    /// Their pools.
    public var pools: [String] = []
    /// Their levels.
    public var levels: [Level] = []
    /// Whose they are.
    public var tenants: [String] = []
    /// Their batches.
    public var batches: [UUID] = []
    /// What runs them.
    public var runtimes: [String] = []
    /// Who runs them, or ran them last.
    public var workers: [String] = []
    /// The values of their labels, by the labels' names.
    public var labels: [String: [String]] = [:]
    /// Their ids, or the beginnings of these.
    public var ids: [IDPrefix] = []
    /// Only those that were submitted at that time or later.
    public var since: Date?
    /// Only those that were submitted before.
    public var until: Date?

    /// Means every execution.
    public init() {}

    /// Whether it means every execution.
    public var isEmpty: Bool { self == ExecutionFilter() }

    /// The same, of a tenant's executions only; nil where it means none of these.
    public func limited(to tenant: String?) -> ExecutionFilter? {
        guard let tenant else { return self }
        guard tenants.isEmpty || tenants.contains(tenant) else { return nil }
        var filter = self
        filter.tenants = [tenant]
        return filter
    }
}

// MARK: - As parameters

extension ExecutionFilter {
    /// What the parameters are called.
    public static let names = [
        "state", "reason", "pool", "level", "tenant", "batch", "runtime", "worker", "id", "since",
        "until",
    ]
    /// What the parameters for labels begin with; the label's name follows.
    public static let labelPrefix = "label."

    /// Reads parameters; ages count from `now`.
    public init(_ parameters: [ListParameter], now: Date = Date()) throws(ListRefusal) {
        let reader = try ListReader(
            parameters,
            names: Self.names,
            prefixes: [Self.labelPrefix],
            now: now
        )
        states = try reader.cases("state")
        reasons = try reader.words("reason")
        pools = try reader.names("pool")
        levels = try reader.cases("level")
        tenants = try reader.names("tenant")
        batches = try reader.ids("batch")
        runtimes = try reader.names("runtime")
        workers = try reader.names("worker")
        labels = reader.texts(prefix: Self.labelPrefix)
        ids = try reader.prefixes("id")
        since = try reader.time("since")
        until = try reader.time("until")
    }

    /// The same as parameters; ages have become times.
    public var parameters: [ListParameter] {
        var parameters: [ListParameter] = []
        func add(_ name: String, _ values: [String]) {
            parameters += values.map { ListParameter(name, $0) }
        }
        add("state", states.map(\.rawValue))
        add("reason", reasons)
        add("pool", pools)
        add("level", levels.map(\.rawValue))
        add("tenant", tenants)
        add("batch", batches.map(\.text))
        add("runtime", runtimes)
        add("worker", workers)
        for (name, values) in labels.sorted(by: { $0.key < $1.key }) {
            add(Self.labelPrefix + name, values)
        }
        add("id", ids.map(\.text))
        add("since", since.map { [DocumentCoder.text($0)] } ?? [])
        add("until", until.map { [DocumentCoder.text($0)] } ?? [])
        return parameters
    }
}
