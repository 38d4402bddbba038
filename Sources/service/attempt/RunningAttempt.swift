public import FoundationEssentials

/// An attempt that the store says a worker makes.
public struct RunningAttempt: Hashable, Sendable {
    /// The execution.
    public var id: UUID
    /// The attempt.
    public var attempt: Int
    /// Its claim's ``Claim/token``.
    public var token: UUID?
    /// When its program started; nil where that is not said.
    public var startedAt: Date?

    /// Names one.
    public init(id: UUID, attempt: Int, token: UUID?, startedAt: Date? = nil) {
        self.id = id
        self.attempt = attempt
        self.token = token
        self.startedAt = startedAt
    }
}
