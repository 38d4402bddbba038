internal import AMQP
internal import SandmillService

extension Topology {
    /// What a broker has in another way than it is described here.
    public struct Difference: Equatable, Sendable {
        /// The exchange or queue.
        public let name: String
        /// What is different, in the broker's words.
        public let detail: String
    }

    /// Makes what is missing.
    ///
    /// - Returns: What is there in another way and was left so; nothing when all is as described.
    func declare(on connection: Connection) async throws(AMQPError) -> [Difference] {
        var differences: [Difference] = []
        for exchange in exchanges {
            differences += try await difference(exchange.name, on: connection) {
                channel throws(AMQPError) in
                try await channel.declare(exchange)
            }
        }
        for queue in queues {
            differences += try await difference(queue.name, on: connection) {
                channel throws(AMQPError) in
                try await channel.declare(queue)
            }
        }
        for binding in bindings {
            differences += try await difference(binding.queue, on: connection) {
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

    /// Compares without making anything.
    func verify(on connection: Connection) async throws(AMQPError) -> [Difference] {
        var differences: [Difference] = []
        for exchange in exchanges {
            differences += try await difference(exchange.name, on: connection) {
                channel throws(AMQPError) in
                try await channel.checkExchange(exchange.name)
                try await channel.declare(exchange)
            }
        }
        for queue in queues {
            differences += try await difference(queue.name, on: connection) {
                channel throws(AMQPError) in
                try await channel.checkQueue(queue.name)
                try await channel.declare(queue)
            }
        }
        return differences
    }

    /// Runs one step on a channel of its own, since a refusal closes the channel.
    private func difference(
        _ name: String,
        on connection: Connection,
        _ step: (Channel) async throws(AMQPError) -> Void
    ) async throws(AMQPError) -> [Difference] {
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            try await step(channel)
            await channel.close()
            return []
        } catch {
            switch error.code {
            case .preconditionFailed, .notFound, .accessRefused:
                return [Difference(name: name, detail: error.message)]
            default:
                throw error
            }
        }
    }
}
