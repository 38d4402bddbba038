/// What is kept, for how long, and how much of it.
///
/// It holds for what is there already, too: nothing of it is written into records.
public struct RetentionPolicy: Equatable, Sendable {
    /// How long executions are kept from their end on, by their state; in pools that say nothing else.
    public var states: [ExecutionState: Retention]
    /// The same by pool, for those that say so.
    public var pools: [String: [ExecutionState: Retention]]
    /// The longest that a request may ask for.
    public var maximum: Retention
    /// How long dead letters are kept.
    public var deadLetters: Retention
    /// How long batches are kept, once none of their members is there.
    public var batches: Retention
    /// How long those who ask for a removed execution are told that it was there.
    public var removed: Retention
    /// How long bulk actions are kept that are done.
    public var bulkActions: Retention
    /// How long it is kept what people did.
    public var audit: Retention
    /// Which executions nothing removes but a person.
    public var holds: [LabelHold]
    /// How many bytes of results a tenant may have; nil for any number.
    public var tenantBytes: ByteCount?
    /// How many bytes of results all may have together; nil for any number.
    public var totalBytes: ByteCount?
    /// How many bytes of dead letters a tenant may have; nil for any number.
    public var tenantDeadLetterBytes: ByteCount?

    /// Keeps everything for `time`.
    public init(_ time: Retention = .days(30), maximum: Retention = .days(90)) {
        states = Dictionary(uniqueKeysWithValues: Self.states.map { ($0, time) })
        pools = [:]
        self.maximum = maximum
        deadLetters = time
        batches = time
        removed = time
        bulkActions = time
        audit = time
        holds = []
    }

    /// The states that an execution can be kept in.
    public static let states = ExecutionState.allCases.filter(\.isTerminal)

    /// How long an execution is kept that says nothing itself.
    public func retention(of state: ExecutionState, in pool: String) -> Retention {
        (pools[pool] ?? states)[state] ?? .forever
    }

    /// The shortest time of all.
    public var shortest: Retention {
        let times = states.values + pools.values.flatMap(\.values)
        return min(times.min() ?? .forever, deadLetters, batches, removed, bulkActions, audit)
    }
}

/// A label by which executions are held: `name`, with any value, or `name=value`.
public struct LabelHold: Equatable, Sendable {
    /// The label.
    public let name: String
    /// Its value; nil for any.
    public let value: String?

    /// Reads it; nil without a name.
    public init?(text: String) {
        let words = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = words.first, !name.isEmpty else { return nil }
        self.name = String(name)
        value = words.count == 2 ? String(words[1]) : nil
    }

    /// Whether it holds an execution with these labels.
    public func holds(_ labels: [String: String]) -> Bool {
        guard let found = labels[name] else { return false }
        return value == nil || value == found
    }
}
