internal import AMQP
internal import Hashing
internal import SandmillEntity
internal import SandmillService

extension SandmillService.Delivery {
    /// Takes a delivery of a queue over.
    init(
        _ delivery: AMQP.Delivery,
        from queue: String,
        as origin: Origin,
        of broker: Broker,
        settlement: Settlement
    ) {
        self.init(
            origin: origin,
            queue: queue,
            routingKey: delivery.routingKey,
            deliveries: delivery.count,
            properties: broker.properties(of: delivery),
            body: Body(delivery.body),
            settlement: settlement
        )
    }
}

extension AMQP.Delivery {
    /// How often the queue has delivered it; a quorum queue counts how often it came back.
    ///
    /// A first delivery may have any such header, for a publisher can set it.
    fileprivate var count: Int? {
        guard isRedelivered else { return 1 }
        guard case .int(let count) = properties.headers?["x-delivery-count"], count < .max else {
            return nil
        }
        return Int(count) + 1
    }
}

extension SandmillService.Delivery.Body {
    /// Takes a body over.
    fileprivate init(_ body: AMQP.Delivery.Body) {
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
