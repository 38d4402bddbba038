public import SandmillEntity

/// A request as the broker delivered it.
public struct Delivery: Sendable {
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

    /// The queue it came from.
    public var queue: String
    /// The pool of that queue.
    public var pool: String
    /// The level of that queue.
    public var level: Level
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
        queue: String,
        pool: String,
        level: Level,
        deliveries: Int? = nil,
        properties: MessageProperties,
        body: Body,
        settlement: Settlement
    ) {
        self.queue = queue
        self.pool = pool
        self.level = level
        self.deliveries = deliveries
        self.properties = properties
        self.body = body
        self.settlement = settlement
    }
}
