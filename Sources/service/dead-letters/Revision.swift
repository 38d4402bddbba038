/// What is different about a message that is published again.
public struct Revision: Equatable, Sendable {
    /// Its whole body; nil for the body that it had.
    public var body: [UInt8]?
    /// Its routing key; nil for the one that it had.
    public var routingKey: String?
    /// Whether it is for the tenant that it names, whoever published it.
    public var isTrusted: Bool

    /// Describes a revision; by default none.
    public init(body: [UInt8]? = nil, routingKey: String? = nil, isTrusted: Bool = false) {
        self.body = body
        self.routingKey = routingKey
        self.isTrusted = isTrusted
    }

    /// What will become of a dead letter.
    public func outcome(of letter: DeadLetterSummary) -> RequeueOutcome {
        guard letter.isComplete || body != nil else { return .incomplete }
        guard letter.routingKey != nil || routingKey != nil else { return .unaddressed }
        return .requeued
    }
}
