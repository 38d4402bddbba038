public import FoundationEssentials
internal import SandmillEntity

/// The message of a request, as it came but for headers without a meaning.
public struct RequestMessage: Equatable, Sendable {
    /// Its properties.
    public var properties: MessageProperties
    /// Its body.
    public var body: [UInt8]

    /// Puts a message together, with ``MessageProperties/withMeaningfulHeaders``.
    public init(properties: MessageProperties, body: [UInt8]) {
        self.properties = properties.withMeaningfulHeaders
        self.body = body
    }

    /// Gives it another id; its publisher knows it again by the one that it had, in the correlation id.
    public mutating func rename(_ id: UUID) {
        properties.correlationID = properties.correlationID ?? properties.messageID
        properties.messageID = id.text
    }
}
