internal import AMQP
public import SandmillService

/// Follows completion events, or hints to workers, with an exclusive queue that goes with its connection.
public struct EventConsumer: EventSource {
    private let broker: Broker
    private let exchange: OutboundMessage.Exchange

    /// Describes a consumer of what is published to an exchange.
    public init(broker: Broker, exchange: OutboundMessage.Exchange = .events) {
        self.broker = broker
        self.exchange = exchange
    }

    /// Subscribes, calls `body`, and removes the queue; see ``EventSource``.
    public func withSubscription<Result: Sendable>(
        to patterns: [String],
        _ body: @Sendable (EventSubscription) async throws -> Result
    ) async throws -> Result {
        let connection: Connection
        let subscription: EventSubscription
        do throws(AMQPError) {
            connection = try await broker.connect(as: "events")
            subscription = try await subscribe(to: patterns, on: connection)
        } catch {
            throw BrokerError(error)
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(subscription))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        return try result.get()
    }

    private func subscribe(
        to patterns: [String],
        on connection: Connection
    ) async throws(AMQPError) -> EventSubscription {
        let channel = try await connection.openChannel()
        let queue = try await channel.declare(Queue("", isDurable: false, isExclusive: true)).name
        for pattern in patterns {
            try await channel.bind(
                queue: queue,
                to: broker.topology.name(of: exchange),
                bindingKey: pattern
            )
        }
        let consumer = try await channel.consume(queue: queue, prefetch: 256)
        // Acknowledged as they are taken, so that the prefetch bounds what waits for a slow reader.
        let events = AsyncThrowingStream<EventMessage, any Error> {
            do throws(AMQPError) {
                var deliveries = consumer.deliveries.makeAsyncIterator()
                guard let delivery = try await deliveries.next() else { return nil }
                try await channel.acknowledge(delivery.tag)
                return EventMessage(delivery)
            } catch {
                throw BrokerError(error)
            }
        }
        return EventSubscription(replyTo: queue, events: events)
    }
}

extension EventMessage {
    fileprivate init(_ delivery: AMQP.Delivery) {
        let body: [UInt8] =
            switch delivery.body {
            case .complete(let bytes): bytes
            case .oversized(_, let prefix, _): prefix
            }
        self.init(routingKey: delivery.routingKey, body: body)
    }
}
