extension DeadLetter {
    /// A delivery that is refused.
    init(_ delivery: Delivery, refused refusal: RequestRefusal) {
        self.init(
            delivery,
            errorType: refusal.kind.rawValue,
            reason: refusal.reason,
            faults: refusal.faults
        )
    }

    /// A delivery that no queue took or that the broker gave up.
    init(undeliverable delivery: Delivery) {
        if case .givenUp(let cause) = delivery.origin {
            self.init(
                delivery,
                errorType: "given_up",
                reason: "the broker gave it up: \(cause)"
            )
        } else {
            self.init(
                delivery,
                errorType: "unroutable",
                reason: "no queue takes the routing key \"\(delivery.routingKey ?? "")\""
            )
        }
    }

    private init(
        _ delivery: Delivery,
        errorType: String,
        reason: String,
        faults: [RequestRefusal.Fault] = []
    ) {
        self.init(
            errorType: errorType,
            reason: reason,
            faults: faults,
            queue: delivery.queue,
            routingKey: delivery.routingKey,
            deliveries: delivery.deliveries,
            properties: delivery.properties,
            body: delivery.body
        )
    }
}
