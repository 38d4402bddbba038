/// An event as the broker delivered it.
public struct EventMessage: Equatable, Sendable {
    /// Its topic.
    public let routingKey: String
    /// Its body: a CloudEvents 1.0 JSON document.
    public let body: [UInt8]

    /// Describes an event.
    public init(routingKey: String, body: [UInt8]) {
        self.routingKey = routingKey
        self.body = body
    }
}
