/// An execution that waited in the store and is now a worker's to run.
public struct TakenExecution: Equatable, Sendable {
    /// The request's message.
    public var request: RequestMessage
    /// The attempt.
    public var grant: AttemptGrant
    /// Whether its batch limits how many of its members run at once.
    public var isLimited: Bool
    /// What it is if it cannot be run, as the pool has changed since it was accepted.
    public var unrunnable: UnstartedExecution

    /// Puts one together.
    public init(
        request: RequestMessage,
        grant: AttemptGrant,
        isLimited: Bool,
        unrunnable: UnstartedExecution
    ) {
        self.request = request
        self.grant = grant
        self.isLimited = isLimited
        self.unrunnable = unrunnable
    }

    /// Its level and tenant.
    public var lane: Lane {
        Lane(level: unrunnable.record.level, tenant: unrunnable.record.tenant)
    }
}
