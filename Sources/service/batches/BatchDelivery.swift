/// A batch as the broker delivered it.
public struct BatchDelivery: Sendable {
    /// The queue it came from.
    public var queue: String
    /// How often that queue has delivered it, this time among them; nil where it does not say.
    public var deliveries: Int?
    /// Its properties.
    public var properties: MessageProperties
    /// Its body.
    public var body: Delivery.Body
    /// Settles it with the broker.
    public var settlement: Settlement

    /// Puts a delivery together.
    public init(
        queue: String,
        deliveries: Int?,
        properties: MessageProperties,
        body: Delivery.Body,
        settlement: Settlement
    ) {
        self.queue = queue
        self.deliveries = deliveries
        self.properties = properties
        self.body = body
        self.settlement = settlement
    }
}
