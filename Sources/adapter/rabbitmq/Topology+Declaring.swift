internal import AMQP
internal import SandmillService

extension Topology {
    /// Makes what is missing.
    ///
    /// - Returns: What is there in another way and was left so; nothing when all is as described.
    func declare(on connection: Connection) async throws(AMQPError) -> [Difference] {
        var differences: [Difference] = []
        for exchange in exchanges {
            differences += try await difference("exchange \(exchange.name)", on: connection) {
                channel throws(AMQPError) in
                try await channel.declare(exchange)
            }
        }
        for queue in queues {
            differences += try await difference("queue \(queue.name)", on: connection) {
                channel throws(AMQPError) in
                try await channel.declare(queue)
            }
        }
        for binding in bindings {
            differences += try await difference(
                "binding \(binding.key) of \(binding.queue)",
                on: connection
            ) {
                channel throws(AMQPError) in
                try await channel.bind(
                    queue: binding.queue,
                    to: binding.exchange,
                    bindingKey: binding.key
                )
            }
        }
        return differences
    }

    /// Compares without making anything; bindings cannot be asked for.
    func verify(on connection: Connection) async throws(AMQPError) -> [Difference] {
        var differences: [Difference] = []
        for exchange in exchanges {
            differences += try await difference("exchange \(exchange.name)", on: connection) {
                channel throws(AMQPError) in
                try await channel.checkExchange(exchange.name)
                try await channel.declare(exchange)
            }
        }
        for queue in queues {
            differences += try await difference("queue \(queue.name)", on: connection) {
                channel throws(AMQPError) in
                try await channel.checkQueue(queue.name)
                try await channel.declare(queue)
            }
        }
        return differences
    }

    /// Removes what is there: the queues, and then the exchanges that nothing leads to any more.
    ///
    /// - Parameters:
    ///   - connection: The connection to ask on.
    ///   - evenIfUsed: Whether queues go that have messages or consumers.
    /// - Returns: The queues that are used, for which nothing was removed.
    /// - Throws: ``AMQPError``.
    func remove(
        on connection: Connection,
        evenIfUsed: Bool
    ) async throws(AMQPError) -> [QueueStatus] {
        if !evenIfUsed {
            // Quorum queues know neither if-unused nor if-empty.
            var used: [QueueStatus] = []
            for queue in queues {
                _ = try await difference(queue.name, on: connection) { channel throws(AMQPError) in
                    let status = try await channel.checkQueue(queue.name)
                    if status.messageCount + status.consumerCount > 0 { used.append(status) }
                }
            }
            guard used.isEmpty else { return used }
        }
        let channel = try await connection.openChannel()
        for queue in queues { try await channel.delete(queue: queue.name) }
        for exchange in exchanges { try await channel.delete(exchange: exchange.name) }
        await channel.close()
        return []
    }

    /// Runs one step on a channel of its own, since a refusal closes the channel.
    private func difference(
        _ object: String,
        on connection: Connection,
        _ step: (Channel) async throws(AMQPError) -> Void
    ) async throws(AMQPError) -> [Difference] {
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            try await step(channel)
            await channel.close()
            return []
        } catch {
            guard let difference = Difference(of: object, error) else { throw error }
            return [difference]
        }
    }
}
