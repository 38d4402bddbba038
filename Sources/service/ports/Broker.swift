public import FoundationEssentials
public import SandmillEntity

/// What a message carries beside its body.
public struct MessageProperties: Equatable, Sendable {
    /// What the body is.
    public var contentType: String?
    /// The message's id; of a request, the execution's.
    public var messageID: String?
    /// Echoed to the publisher.
    public var correlationID: String?
    /// The queue that wants the completion event too.
    public var replyTo: String?
    /// When the publisher says it was made, in whole seconds.
    public var timestamp: Date?
    /// The publishing application.
    public var appID: String?
    /// The user of the broker who published it, which the broker has verified; empty where it came by the
    /// broker and does not say, nil where it is our own.
    public var userID: String?
    /// The headers that are strings, or numbers written as such.
    public var headers: [String: String]

    /// Puts properties together.
    public init(
        contentType: String? = nil,
        messageID: String? = nil,
        correlationID: String? = nil,
        replyTo: String? = nil,
        timestamp: Date? = nil,
        appID: String? = nil,
        userID: String? = nil,
        headers: [String: String] = [:]
    ) {
        self.contentType = contentType
        self.messageID = messageID
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.timestamp = timestamp
        self.appID = appID
        self.userID = userID
        self.headers = headers
    }
}

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

/// Where the requests of one pool come from.
public protocol DeliverySource: Sendable {
    /// Consumes every level of the pool until the task is cancelled, then cancels the consumers
    /// and returns.
    ///
    /// It reconnects by itself, for ever; a level that cannot be consumed does not stop the others.
    /// `deliver` takes a delivery at once; it is never called with more deliveries than the
    /// prefetch allows to be unacknowledged per queue.
    func run(deliver: @escaping @Sendable (Delivery) -> Void) async
}

/// Where messages go.
public protocol MessagePublisher: Sendable {
    /// Publishes each message and returns what became of it, in the same order.
    ///
    /// It waits while the broker blocks publishing, and for a while when there is no connection.
    func publish(_ messages: [OutboundMessage]) async -> [PublishOutcome]
}

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

/// What became of a published message.
public enum PublishOutcome: Equatable, Sendable {
    /// The broker has it.
    case confirmed
    /// Nobody knows: it must be sent again with the same id.
    case unconfirmed(String)
    /// The broker does not take it now, because a queue is full for example: it must be sent again
    /// with the same id, later.
    case rejected(String)
    /// The broker never takes it, whenever it is sent.
    case refused(String)
    /// No queue wanted it.
    case unroutable
}

/// Why the broker cannot be used.
public struct BrokerError: Error, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable {
        /// It cannot be reached.
        case unavailable
        /// User, password or virtual host are refused.
        case refused
        /// An exchange or a queue is there with other arguments.
        case topologyDiffers
    }

    /// The kind.
    public let code: Code
    /// What happened, safe to show.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
