public import FoundationEssentials
internal import SandmillEntity

/// What is different about a message that is published again.
public struct Revision: Equatable, Sendable {
    /// Its whole body; nil for the body that it had.
    public var body: [UInt8]?
    /// Its routing key; nil for the one that it had.
    public var routingKey: String?
    /// Its id; nil for the one that it had, or a new one where that is no UUID.
    public var messageID: UUID?
    /// Whether it is for the tenant that it names, whoever published it.
    public var isTrusted: Bool

    /// Describes a revision; by default none.
    public init(
        body: [UInt8]? = nil,
        routingKey: String? = nil,
        messageID: UUID? = nil,
        isTrusted: Bool = false
    ) {
        self.body = body
        self.routingKey = routingKey
        self.messageID = messageID
        self.isTrusted = isTrusted
    }

    /// What will become of a dead letter.
    public func outcome(of letter: DeadLetterSummary) -> RequeueOutcome {
        guard letter.isComplete || body != nil else { return .incomplete }
        guard letter.routingKey != nil || routingKey != nil else { return .unaddressed }
        return .requeued
    }

    /// The same with an id, where a request has none that it could be published with.
    public func identified(for letter: DeadLetter) -> Revision {
        guard messageID == nil, letter.exchange == .submit,
            letter.properties.messageID.flatMap(UUID.init(text:)) == nil
        else { return self }
        var revision = self
        revision.messageID = .random()
        return revision
    }
}
