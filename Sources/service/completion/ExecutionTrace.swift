public import FoundationEssentials

/// Where an execution is and how it came there.
public struct ExecutionTrace: Equatable, Sendable {
    /// Where it waits; nil unless it is queued.
    public var wait: QueueWait?
    /// The sandbox that runs it, as its worker said within the last second.
    public var sandbox: String?
    /// When somebody asked for its end.
    public var cancelledAt: Date?
    /// The attempts that ended, from the first.
    public var attempts: [AttemptRecord]

    /// Puts a trace together.
    public init(
        wait: QueueWait?,
        sandbox: String?,
        cancelledAt: Date?,
        attempts: [AttemptRecord]
    ) {
        self.wait = wait
        self.sandbox = sandbox
        self.cancelledAt = cancelledAt
        self.attempts = attempts
    }
}
