internal import SandmillEntity
internal import SandmillService

extension QueueConsumer {
    /// Consumes the requests of one pool, a queue for each level.
    ///
    /// - Parameters:
    ///   - pool: The pool.
    ///   - broker: The broker.
    ///   - prefetch: How many deliveries of one level may be unacknowledged, from 1.
    /// - Returns: The consumer.
    public static func requests(of pool: String, broker: Broker, prefetch: Int) -> QueueConsumer {
        let levels = Level.allCases.map { (broker.topology.queue(pool: pool, level: $0), $0) }
        return QueueConsumer(
            broker: broker,
            purpose: "requests of \(pool)",
            queues: Dictionary(uniqueKeysWithValues: levels.map { ($0, .requests($1)) }),
            prefetch: UInt16(clamping: prefetch)
        )
    }

    /// Consumes the batches that are one message each.
    ///
    /// One is taken in as a whole, so the next one need not be here before its turn.
    public static func batches(broker: Broker) -> QueueConsumer {
        QueueConsumer(
            broker: broker,
            purpose: "batches",
            queues: [broker.topology.batches: .batches],
            prefetch: 2
        )
    }

    /// Consumes what no queue took and what the broker gave up.
    public static func undeliverable(broker: Broker) -> QueueConsumer {
        QueueConsumer(
            broker: broker,
            purpose: "dead letters",
            queues: [
                broker.topology.unrouted: .unrouted,
                broker.topology.dead: .givenUp(because: "unknown"),
            ],
            prefetch: 64
        )
    }
}

extension Delivery {
    /// The delivery with what its origin says of it.
    func completed(with topology: Topology) -> Delivery {
        var delivery = self
        switch origin {
        case .requests, .batches:
            delivery.routingKey = topology.routingKey(of: queue)
        case .unrouted:
            delivery.deliveries = 0
        case .givenUp(let unknown):
            // The headers are RabbitMQ's ("Dead Letter Exchanges", "Dead-Lettered Effects on Messages"). The count
            // of deliveries is by now that of the queue of dead letters, so it says nothing.
            delivery.origin = .givenUp(
                because: properties.headers["x-first-death-reason"] ?? unknown
            )
            delivery.queue = properties.headers["x-first-death-queue"] ?? queue
            delivery.routingKey = topology.routingKey(of: delivery.queue)
            delivery.deliveries = nil
        }
        return delivery
    }
}
