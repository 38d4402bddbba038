internal import AMQP
public import SandmillService

/// Consumes what no queue wanted and what the broker gave up.
public struct UndeliverableConsumer: UndeliverableSource {
    private static let prefetch: UInt16 = 64

    private let broker: Broker

    /// Describes a consumer.
    public init(broker: Broker) {
        self.broker = broker
    }

    /// Consumes both queues until the task is cancelled; reconnects by itself, for ever.
    public func run(deliver: @escaping @Sendable (UndeliverableMessage) -> Void) async {
        let topology = broker.topology
        let unrouted = topology.unrouted
        let consumer = QueueConsumer(
            broker: broker,
            purpose: "dead letters",
            queues: [unrouted, topology.dead],
            prefetch: Self.prefetch
        )
        await consumer.run { queue, delivery, settlement in
            let properties = broker.properties(of: delivery)
            let letter =
                queue == unrouted
                ? DeadLetter(unrouted: delivery, properties, from: queue)
                : DeadLetter(givenUp: delivery, properties, from: queue, of: topology)
            deliver(UndeliverableMessage(letter: letter, settlement: settlement))
        }
    }
}

extension DeadLetter {
    fileprivate init(
        unrouted delivery: AMQP.Delivery,
        _ properties: SandmillService.MessageProperties,
        from queue: String
    ) {
        self.init(
            errorType: "unroutable",
            reason: "no queue takes the routing key \"\(delivery.routingKey)\"",
            queue: queue,
            routingKey: delivery.routingKey,
            deliveries: 0,
            properties: properties,
            body: SandmillService.Delivery.Body(delivery.body)
        )
    }

    /// The headers are RabbitMQ's ("Dead Letter Exchanges", "Dead-Lettered Effects on Messages").
    ///
    /// The count of deliveries is by now that of the queue of dead letters, so it says nothing.
    fileprivate init(
        givenUp delivery: AMQP.Delivery,
        _ properties: SandmillService.MessageProperties,
        from queue: String,
        of topology: Topology
    ) {
        let cause = properties.headers["x-first-death-reason"] ?? "unknown"
        let origin = properties.headers["x-first-death-queue"] ?? queue
        self.init(
            errorType: "given_up",
            reason: "the broker gave it up: \(cause)",
            queue: origin,
            routingKey: topology.routingKey(of: origin),
            deliveries: nil,
            properties: properties,
            body: SandmillService.Delivery.Body(delivery.body)
        )
    }
}
