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
