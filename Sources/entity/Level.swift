/// How urgent an execution is; each level of a pool has a queue of its own.
public enum Level: String, CaseIterable, Codable, Sendable {
    /// Before everything else.
    case high
    /// What requests get that do not say.
    case normal
    /// When there is room; it never starves.
    case low

    /// Its share of the turns while every level has something: 12, 4 and 1 of 17.
    public var weight: Int {
        switch self {
        case .high: 12
        case .normal: 4
        case .low: 1
        }
    }

    /// By how much what waits counts as younger than what waits at the highest level.
    public var handicap: Duration {
        switch self {
        case .high: .zero
        case .normal: .seconds(60)
        case .low: .seconds(120)
        }
    }
}
