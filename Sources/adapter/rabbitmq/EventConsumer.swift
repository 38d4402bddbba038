internal import AMQP
public import SandmillService

/// Follows completion events with an exclusive queue that goes with its connection.
public struct EventConsumer: EventSource {
    private let broker: Broker

    /// Describes a consumer.
    public init(broker: Broker) {
        self.broker = broker
    }

    /// Subscribes, calls `body`, and removes the queue; see ``EventSource``.
    public func withSubscription<Result: Sendable>(
        to patterns: [String],
        _ body: @Sendable (EventSubscription) async throws -> Result
    ) async throws -> Result {
        let connection: Connection
        let queue: String
        let consumer: Consumer
        let channel: Channel
        do throws(AMQPError) {
            connection = try await broker.connect(as: "events")
            channel = try await connection.openChannel()
            queue = try await channel.declare(
                Queue("", isDurable: false, isExclusive: true)
            ).name
            for pattern in patterns {
                try await channel.bind(
                    queue: queue,
                    to: broker.topology.name(of: .events),
                    bindingKey: pattern
                )
            }
            consumer = try await channel.consume(queue: queue, prefetch: 256)
        } catch {
            throw BrokerError(error)
        }
        let (events, continuation) = AsyncThrowingStream<EventMessage, any Error>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(AMQPError) {
                    for try await delivery in consumer.deliveries {
                        continuation.yield(EventMessage(delivery))
                        try await channel.acknowledge(delivery.tag)
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: BrokerError(error))
                }
            }
            let result = try await body(EventSubscription(replyTo: queue, events: events))
            group.cancelAll()
            await connection.close()
            return result
        }
    }
}

extension EventMessage {
    fileprivate init(_ delivery: AMQP.Delivery) {
        let body: [UInt8] =
            switch delivery.body {
            case .complete(let bytes): bytes
            case .oversized(_, let prefix): prefix
            }
        self.init(routingKey: delivery.routingKey, body: body)
    }
}
