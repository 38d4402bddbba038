internal import AMQP
internal import Logging
internal import SandmillEntity
public import SandmillService

/// Consumes the requests of one pool: a connection of its own, a channel for each level.
///
/// A level whose queue is deleted, or redeclared in another way, is tried again by itself while
/// the other levels go on.
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
        await broker.supervisor(for: "requests of \(pool)").run { connection throws(AMQPError) in
            await withDiscardingTaskGroup { group in
                for level in Level.allCases {
                    group.addTask { await consume(level, on: connection, deliver: deliver) }
                }
            }
            if let reason = await connection.untilClosed() { throw reason }
        }
    }

    private func consume(
        _ level: Level,
        on connection: Connection,
        deliver: @Sendable (SandmillService.Delivery) -> Void
    ) async {
        let queue = broker.topology.queue(pool: pool, level: level)
        var backoff = SandmillEntity.Backoff(first: .milliseconds(200), limit: .seconds(10))
        while !Task.isCancelled {
            do throws(AMQPError) {
                try await consume(level, queue, on: connection, deliver: deliver)
                return
            } catch {
                if error.code == .connectionLost || error.code == .closed { return }
                broker.logger.error(
                    "A queue cannot be consumed.",
                    metadata: [LogKey.queue: "\(queue)", LogKey.reason: "\(error.message)"]
                )
                try? await ContinuousClock().sleep(for: backoff.next())
                await repair()
            }
        }
    }

    /// Consumes until the task is cancelled; the channel stays open for what is still to be
    /// acknowledged, and goes with the connection.
    private func consume(
        _ level: Level,
        _ queue: String,
        on connection: Connection,
        deliver: @Sendable (SandmillService.Delivery) -> Void
    ) async throws(AMQPError) {
        let channel = try await connection.openChannel()
        let consumer = try await channel.consume(queue: queue, prefetch: prefetch)
        for try await delivery in consumer.deliveries {
            deliver(
                SandmillService.Delivery(
                    queue: queue,
                    pool: pool,
                    level: level,
                    properties: SandmillService.MessageProperties(delivery.properties),
                    body: SandmillService.Delivery.Body(delivery.body)
                ) { try? await channel.acknowledge(delivery.tag) }
            )
        }
        try await consumer.cancel()
    }

    /// Makes queues that were deleted again; what differs is logged by the next try.
    private func repair() async {
        try? await broker.declareTopology()
    }
}

extension SandmillService.Delivery.Body {
    fileprivate init(_ body: AMQP.Delivery.Body) {
        switch body {
        case .complete(let bytes):
            self = .complete(bytes)
        case .oversized(let size, let prefix):
            self = .oversized(prefix: prefix, size: ByteCount(Int64(clamping: size)))
        }
    }
}
