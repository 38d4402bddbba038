/// An exchange as it is declared.
public struct Exchange: Hashable, Sendable {
    /// How an exchange routes.
    public enum Kind: String, Sendable {
        /// By equality of routing key and binding key.
        case direct
        /// To every queue that is bound.
        case fanout
        /// By patterns of dotted words.
        case topic
        /// By the message's headers.
        case headers
    }

    /// At most 255 bytes.
    public var name: String
    /// How it routes.
    public var kind: Kind
    /// Whether it survives a restart of the broker.
    public var isDurable: Bool
    /// Whether it goes with its last binding.
    public var isAutoDelete: Bool
    /// For example `alternate-exchange`.
    public var arguments: FieldTable

    /// Describes an exchange; durable unless said otherwise.
    public init(
        _ name: String,
        kind: Kind,
        isDurable: Bool = true,
        isAutoDelete: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.name = name
        self.kind = kind
        self.isDurable = isDurable
        self.isAutoDelete = isAutoDelete
        self.arguments = arguments
    }
}

/// A queue as it is declared.
public struct Queue: Hashable, Sendable {
    /// At most 255 bytes; empty lets the broker choose one.
    public var name: String
    /// Whether it survives a restart of the broker.
    public var isDurable: Bool
    /// Whether only this connection may use it; it then goes with the connection.
    public var isExclusive: Bool
    /// Whether it goes with its last consumer.
    public var isAutoDelete: Bool
    /// For example `x-queue-type`.
    public var arguments: FieldTable

    /// Describes a queue; durable and shared unless said otherwise.
    public init(
        _ name: String,
        isDurable: Bool = true,
        isExclusive: Bool = false,
        isAutoDelete: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.name = name
        self.isDurable = isDurable
        self.isExclusive = isExclusive
        self.isAutoDelete = isAutoDelete
        self.arguments = arguments
    }
}

/// What the broker says about a queue.
public struct QueueStatus: Hashable, Sendable {
    /// Its name, also when the broker chose it.
    public let name: String
    /// Messages that are ready for delivery.
    public let messageCount: UInt32
    /// Consumers that are active.
    public let consumerCount: UInt32
}
