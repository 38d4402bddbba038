/// How urgent an execution is; each level of a pool has a queue of its own.
public enum Level: String, CaseIterable, Codable, Sendable {
    /// Before everything else.
    case high
    /// What requests get that do not say.
    case normal
    /// When there is room; it never starves.
    case low
}
