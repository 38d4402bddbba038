/// What a publisher sends.
public struct Message: Hashable, Sendable {
    /// The exchange; empty for the default one, which routes to the queue named by the key.
    public var exchange: String
    /// At most 255 bytes.
    public var routingKey: String
    /// Everything but the body.
    public var properties: MessageProperties
    /// The body, which the broker does not look at.
    public var body: [UInt8]
    /// Whether the broker gives the message back when no queue wants it, instead of dropping it.
    public var isMandatory: Bool

    /// Makes a message; mandatory unless said otherwise.
    public init(
        exchange: String,
        routingKey: String,
        properties: MessageProperties = MessageProperties(),
        body: [UInt8],
        isMandatory: Bool = true
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.isMandatory = isMandatory
    }
}

/// What became of a published message.
public enum PublishOutcome: Hashable, Sendable {
    /// The broker has it; if it is persistent and its queues are durable, on disk.
    case confirmed
    /// The broker does not take it now, for example because a queue is full.
    case rejected
    /// No queue wanted it; it is nowhere.
    case returned(code: UInt16, text: String)
    /// Its fate is unknown, unless the code is ``AMQPError/Code/invalidArgument``: then it was not
    /// sent. Send it again with the same message id.
    case failed(AMQPError)
}
