public import FoundationEssentials

/// A batch that came as one message.
public struct BatchAdmission: Equatable, Sendable {
    /// The batch.
    public var id: UUID
    /// Whose it is.
    public var tenant: String
    /// The pool that runs it.
    public var pool: String
    /// How many of its members may run at once; nil for no limit of its own.
    public var maximumRunning: Int?
    /// The queue that it came from, or the gateway.
    public var queue: String
    /// The message, by whose hash it is known again.
    public var message: RequestMessage
    /// The members that can be understood; each a claim that is parked or held.
    public var members: [Claim]
    /// The members that cannot.
    public var refused: [DeadLetter]

    /// Describes a batch.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        maximumRunning: Int?,
        queue: String,
        message: RequestMessage,
        members: [Claim],
        refused: [DeadLetter]
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.maximumRunning = maximumRunning
        self.queue = queue
        self.message = message
        self.members = members
        self.refused = refused
    }

    /// How many members it has in all.
    public var size: Int { members.count + refused.count }
}
