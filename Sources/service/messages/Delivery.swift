public import SandmillEntity

/// A message as the broker delivered it.
public struct Delivery: Sendable {
    /// Where it comes from.
    public enum Origin: Hashable, Sendable {
        /// The requests of a level.
        case requests(Level)
        /// The batches that are one message each.
        case batches
        /// What no queue took.
        case unrouted
        /// What the broker gave up, and why.
        case givenUp(because: String)
    }

    /// A message's body, or the beginning of one that is larger than is read.
    public enum Body: Equatable, Sendable {
        /// All of it.
        case complete([UInt8])
        /// Its first bytes, how long it is, and the SHA-256 of all of it in hexadecimal.
        case oversized(prefix: [UInt8], size: ByteCount, sha256: String)

        /// How many bytes of it are in memory.
        var heldCount: Int {
            switch self {
            case .complete(let bytes), .oversized(let bytes, _, _): bytes.count
            }
        }
    }

    /// Where it comes from.
    public var origin: Origin
    /// The queue it came from; of one that was given up, the queue that it was in before.
    public var queue: String
    /// What it was, or is to be, published with; nil where that is not known.
    public var routingKey: String?
    /// How often that queue has delivered it, this time among them; nil where it does not say.
    public var deliveries: Int?
    /// Its properties.
    public var properties: MessageProperties
    /// Its body.
    public var body: Body
    /// Settles it with the broker.
    public var settlement: Settlement

    /// Puts a delivery together.
    public init(
        origin: Origin,
        queue: String,
        routingKey: String?,
        deliveries: Int? = nil,
        properties: MessageProperties,
        body: Body,
        settlement: Settlement
    ) {
        self.origin = origin
        self.queue = queue
        self.routingKey = routingKey
        self.deliveries = deliveries
        self.properties = properties
        self.body = body
        self.settlement = settlement
    }

    /// The level of a request; of any other message, the middle one.
    public var level: Level {
        if case .requests(let level) = origin { level } else { .normal }
    }
}
