internal import AMQP
internal import Hashing
import SandmillEntity
public import SandmillService

/// Consumes the requests of one pool: a connection of its own, a channel for each level.
public struct RequestConsumer: DeliverySource {
    private let broker: Broker
    private let pool: String
    private let prefetch: UInt16

    /// Describes a consumer.
    ///
    /// - Parameters:
    ///   - broker: The broker.
    ///   - pool: The pool.
    ///   - prefetch: How many deliveries of one level may be unacknowledged, from 1.
    public init(broker: Broker, pool: String, prefetch: Int) {
        self.broker = broker
        self.pool = pool
        self.prefetch = UInt16(clamping: prefetch)
    }

    /// Consumes every level until the task is cancelled; reconnects by itself, for ever.
    public func run(deliver: @escaping @Sendable (SandmillService.Delivery) -> Void) async {
        let levels = Dictionary(
            uniqueKeysWithValues: Level.allCases.map {
                (broker.topology.queue(pool: pool, level: $0), $0)
            }
        )
        let consumer = QueueConsumer(
            broker: broker,
            purpose: "requests of \(pool)",
            queues: Array(levels.keys),
            prefetch: prefetch
        )
        await consumer.run { queue, delivery, settlement in
            guard let level = levels[queue] else { return }
            deliver(
                SandmillService.Delivery(
                    queue: queue,
                    pool: pool,
                    level: level,
                    deliveries: delivery.count,
                    properties: broker.properties(of: delivery),
                    body: SandmillService.Delivery.Body(delivery.body),
                    settlement: settlement
                )
            )
        }
    }
}

extension AMQP.Delivery {
    /// How often the queue has delivered it; a quorum queue counts how often it came back.
    ///
    /// A first delivery may have any such header, for a publisher can set it.
    var count: Int? {
        guard isRedelivered else { return 1 }
        guard case .int(let count) = properties.headers?["x-delivery-count"], count < .max else {
            return nil
        }
        return Int(count) + 1
    }
}

extension SandmillService.Delivery.Body {
    /// Takes a body over.
    init(_ body: AMQP.Delivery.Body) {
        switch body {
        case .complete(let bytes):
            self = .complete(bytes)
        case .oversized(let size, let prefix, let sha256):
            self = .oversized(
                prefix: prefix,
                size: ByteCount(Int64(clamping: size)),
                sha256: sha256.hexadecimal
            )
        }
    }
}
