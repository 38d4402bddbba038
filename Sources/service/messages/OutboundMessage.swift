/// A message to publish, always persistent.
public struct OutboundMessage: Equatable, Sendable {
    /// An exchange by its part in the topology.
    public enum Exchange: String, Sendable {
        /// Requests.
        case submit
        /// Completion events.
        case events
        /// Hints to workers.
        case control
        /// The default exchange: straight to the queue that the routing key names.
        case queue = ""
    }

    /// Where it goes.
    public var exchange: Exchange
    /// Its routing key, at most 255 bytes.
    public var routingKey: String
    /// Its properties.
    public var properties: MessageProperties
    /// Its body.
    public var body: [UInt8]
    /// Whether a message that no queue takes counts as ``PublishOutcome/unroutable``.
    public var isMandatory: Bool

    /// Puts a message together.
    public init(
        exchange: Exchange,
        routingKey: String,
        properties: MessageProperties,
        body: [UInt8],
        isMandatory: Bool = false
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.isMandatory = isMandatory
    }
}
