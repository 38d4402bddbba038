public import FoundationEssentials
public import SandmillEntity

/// What a list tells of a dead letter.
public struct DeadLetterSummary: Equatable, Sendable {
    /// Its number.
    public var id: Int64
    /// When it was kept.
    public var keptAt: Date
    /// Why, as a word that programs can compare.
    public var errorType: String
    /// Why, for a person.
    public var reason: String
    /// The queue it came from.
    public var queue: String
    /// What leads it to that queue, or what no queue took; nil where nobody knows.
    public var routingKey: String?
    /// Whose it is.
    public var tenant: String
    /// The message's id.
    public var messageID: String?
    /// How long its body is.
    public var bodySize: ByteCount
    /// Whether all of its body is kept.
    public var isComplete: Bool

    /// Puts a summary together.
    public init(
        id: Int64,
        keptAt: Date,
        errorType: String,
        reason: String,
        queue: String,
        routingKey: String?,
        tenant: String,
        messageID: String?,
        bodySize: ByteCount,
        isComplete: Bool
    ) {
        self.id = id
        self.keptAt = keptAt
        self.errorType = errorType
        self.reason = reason
        self.queue = queue
        self.routingKey = routingKey
        self.tenant = tenant
        self.messageID = messageID
        self.bodySize = bodySize
        self.isComplete = isComplete
    }
}
