extension Channel {
    /// Begins to consume a queue; each delivery must be acknowledged or rejected on this channel.
    ///
    /// - Parameters:
    ///   - queue: Its name.
    ///   - prefetch: How many deliveries of this consumer may be unacknowledged; 0 for no limit.
    ///   - isExclusive: Whether nobody else may consume the queue.
    ///   - arguments: For example `x-priority`.
    /// - Returns: The consumer, whose deliveries begin at once.
    /// - Throws: ``AMQPError/Code/notFound``, ``AMQPError/Code/accessRefused`` when another
    ///   consumer is exclusive.
    public func consume(
        queue: String,
        prefetch: UInt16,
        isExclusive: Bool = false,
        arguments: FieldTable = [:]
    ) async throws(AMQPError) -> Consumer {
        try await connection.call(.setPrefetch(prefetch), on: token)
        return try await startConsumer(
            queue: queue,
            isAutomaticallyAcknowledged: false,
            isExclusive: isExclusive,
            arguments: arguments
        )
    }

    /// Begins to consume a queue whose deliveries count as acknowledged when they are sent.
    ///
    /// Nothing bounds what is buffered for a slow reader. The one way to consume
    /// `amq.rabbitmq.reply-to`.
    public func consumeWithoutAcknowledgement(
        queue: String,
        isExclusive: Bool = false,
        arguments: FieldTable = [:]
    ) async throws(AMQPError) -> Consumer {
        try await startConsumer(
            queue: queue,
            isAutomaticallyAcknowledged: true,
            isExclusive: isExclusive,
            arguments: arguments
        )
    }

    private func startConsumer(
        queue: String,
        isAutomaticallyAcknowledged: Bool,
        isExclusive: Bool,
        arguments: FieldTable
    ) async throws(AMQPError) -> Consumer {
        let deliveries = Deliveries(from: connection)
        let tag = try await connection.consume(
            from: queue,
            isAutomaticallyAcknowledged: isAutomaticallyAcknowledged,
            isExclusive: isExclusive,
            arguments: arguments,
            on: token,
            into: deliveries.source
        )
        return Consumer(tag: tag, deliveries: deliveries, channel: self)
    }

    /// Acknowledges one delivery.
    public func acknowledge(_ tag: UInt64) async throws(AMQPError) {
        try await connection.write(.acknowledge(tag, multiple: false), on: token)
    }

    /// Acknowledges every delivery of this channel up to and including `tag`.
    public func acknowledge(upTo tag: UInt64) async throws(AMQPError) {
        try await connection.write(.acknowledge(tag, multiple: true), on: token)
    }

    /// Acknowledges some deliveries with one visit to the connection's thread.
    public func acknowledge(_ tags: [UInt64]) async throws(AMQPError) {
        try await connection.acknowledge(tags, on: token)
    }

    /// Refuses one delivery.
    ///
    /// With `requeue` the queue keeps it for another try; otherwise it is dropped, or goes where
    /// the queue's dead letters go.
    public func reject(_ tag: UInt64, requeue: Bool) async throws(AMQPError) {
        try await connection.write(.reject(tag, requeue: requeue), on: token)
    }
}
