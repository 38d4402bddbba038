internal import AMQP
internal import Backoff
internal import Logging
public import SandmillService

/// Consumes queues over a connection that is kept, each on a channel of its own.
///
/// A queue that is deleted, or redeclared in another way, is tried again by itself while the
/// others go on. One that is of another type or lacks what its kind needs, such as its dead letters, is
/// not consumed: it would lose messages without a word.
public struct QueueConsumer: MessageSource {
    let broker: Broker
    let purpose: String
    let queues: [String: SandmillService.Delivery.Origin]
    let prefetch: UInt16

    /// Consumes until the task is cancelled; reconnects by itself, for ever.
    public func run(deliver: @escaping @Sendable (SandmillService.Delivery) -> Void) async {
        await broker.supervisor(for: purpose).run { connection throws(AMQPError) in
            await withDiscardingTaskGroup { group in
                for (queue, origin) in queues {
                    group.addTask {
                        await consume(queue, on: connection) { delivery, settlement in
                            let delivery = SandmillService.Delivery(
                                delivery,
                                from: queue,
                                as: origin,
                                of: broker,
                                settlement: settlement
                            )
                            deliver(delivery.completed(with: broker.topology))
                        }
                    }
                }
            }
            if let reason = await connection.untilClosed() { throw reason }
        }
    }

    private func consume(
        _ queue: String,
        on connection: Connection,
        take: @Sendable (AMQP.Delivery, Settlement) -> Void
    ) async {
        var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(10))
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do throws(AMQPError) {
                try await check(queue, on: connection)
                try await consumeOnce(queue, on: connection, take: take)
                return
            } catch {
                if error.code == .connectionLost || error.code == .closed { return }
                backoff.reset(after: start.duration(to: .now))
                let difference = Topology.Difference(of: queue, error)
                broker.logger.error(
                    "A queue cannot be consumed.",
                    metadata: [
                        LogKey.queue: "\(queue)",
                        LogKey.reason: "\(difference?.detail ?? error.message)",
                    ]
                )
                try? await ContinuousClock().sleep(for: backoff.next(using: &generator))
                await repair()
            }
        }
    }

    /// Compares a queue with the topology; a mere consumer may not be allowed to.
    private func check(_ queue: String, on connection: Connection) async throws(AMQPError) {
        guard let wanted = broker.topology.queues.first(where: { $0.name == queue }) else { return }
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            try await channel.checkQueue(queue)
            try await channel.declare(wanted)
        } catch {
            await channel.close()
            if error.code != .accessRefused { throw error }
        }
        await channel.close()
    }

    /// Consumes until the task is cancelled; the channel stays open for what is still to be
    /// acknowledged, and goes with the connection.
    private func consumeOnce(
        _ queue: String,
        on connection: Connection,
        take: @Sendable (AMQP.Delivery, Settlement) -> Void
    ) async throws(AMQPError) {
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            let consumer = try await channel.consume(queue: queue, prefetch: prefetch)
            for try await delivery in consumer.deliveries {
                take(delivery, Settlement(of: delivery.tag, on: channel))
            }
            try await consumer.cancel()
        } catch {
            // What was not acknowledged is delivered again, here or to another.
            await channel.close()
            throw error
        }
    }

    /// Makes queues that were deleted again; what differs is logged by the next try.
    private func repair() async {
        try? await broker.declareTopology()
    }
}

extension Settlement {
    fileprivate init(of tag: UInt64, on channel: Channel) {
        self.init(
            acknowledge: { try? await channel.acknowledge(tag) },
            release: { try? await channel.reject(tag, requeue: true) },
            isStale: { channel.closeReason != nil }
        )
    }
}
