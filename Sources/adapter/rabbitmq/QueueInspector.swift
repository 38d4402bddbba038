internal import AMQP
internal import SandmillEntity
public import SandmillService

/// Looks into the queues of an installation over a connection that is kept once somebody has looked.
///
/// A passive declaration tells what is ready and how many consume (AMQP 0-9-1, `queue.declare-ok`); what is
/// unacknowledged no method of the protocol tells.
public actor QueueInspector: BrokerQueueSource {
    private let broker: Broker
    private var connection: Connection?

    /// Describes one; it connects when it is asked.
    public init(broker: Broker) {
        self.broker = broker
    }

    /// Looks into every queue; one that is not there has nothing and no consumers.
    ///
    /// A connection that was kept may have been lost meanwhile: then one more is tried.
    public func queues() async throws(BrokerError) -> [BrokerQueue] {
        if connection != nil, let queues = try? await lookIntoAll() { return queues }
        do throws(AMQPError) {
            return try await lookIntoAll()
        } catch {
            throw BrokerError(error)
        }
    }

    private func lookIntoAll() async throws(AMQPError) -> [BrokerQueue] {
        let used: Connection
        if let connection {
            used = connection
        } else {
            used = try await broker.connect(as: "inspection")
            connection = used
        }
        do throws(AMQPError) {
            var queues: [BrokerQueue] = []
            for queue in broker.topology.inspectedQueues {
                queues.append(try await look(into: queue, on: used))
            }
            return queues
        } catch {
            connection = nil
            await used.close()
            throw error
        }
    }

    private func look(
        into queue: BrokerQueue,
        on connection: Connection
    ) async throws(AMQPError) -> BrokerQueue {
        var queue = queue
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            let status = try await channel.checkQueue(queue.name)
            queue.ready = Int(status.messageCount)
            queue.consumers = Int(status.consumerCount)
        } catch {
            await channel.close()
            guard error.code == .notFound else { throw error }
            return queue
        }
        await channel.close()
        return queue
    }
}

extension Topology {
    /// The queues, as nobody has looked into them.
    fileprivate var inspectedQueues: [BrokerQueue] {
        let work = pools.flatMap { pool in
            Level.allCases.map { level in
                BrokerQueue(
                    name: queue(pool: pool, level: level),
                    pool: pool,
                    level: level,
                    ready: 0,
                    consumers: 0
                )
            }
        }
        return work + [BrokerQueue(name: batches, hasBatches: true, ready: 0, consumers: 0)]
            + [dead, unrouted].map { BrokerQueue(name: $0, ready: 0, consumers: 0) }
    }
}
