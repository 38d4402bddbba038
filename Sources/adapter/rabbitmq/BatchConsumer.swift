internal import AMQP
public import SandmillService

/// Consumes the batches that are one message each.
public struct BatchConsumer: BatchSource {
    /// A batch is taken in as a whole, so the next one need not be here before its turn.
    private static let prefetch: UInt16 = 2

    private let broker: Broker

    /// Describes a consumer.
    public init(broker: Broker) {
        self.broker = broker
    }

    /// Consumes until the task is cancelled; reconnects by itself, for ever.
    public func run(deliver: @escaping @Sendable (BatchDelivery) -> Void) async {
        let consumer = QueueConsumer(
            broker: broker,
            purpose: "batches",
            queues: [broker.topology.batches],
            prefetch: Self.prefetch
        )
        await consumer.run { queue, delivery, settlement in
            deliver(
                BatchDelivery(
                    queue: queue,
                    deliveries: delivery.count,
                    properties: broker.properties(of: delivery),
                    body: SandmillService.Delivery.Body(delivery.body),
                    settlement: settlement
                )
            )
        }
    }
}
