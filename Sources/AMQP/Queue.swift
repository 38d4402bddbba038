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
