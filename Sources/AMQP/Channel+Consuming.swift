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
        let deliveries = Deliveries(from: connection)
        let tag = try await connection.consume(
            from: queue,
            isExclusive: isExclusive,
            arguments: arguments,
            on: token,
            into: deliveries.source
        )
        return Consumer(tag: tag, deliveries: deliveries, channel: self)
    }

    /// Acknowledges one delivery.
    public func acknowledge(_ tag: UInt64) async throws(AMQPError) {
        try await connection.write(.acknowledge(tag), on: token)
    }

    /// Refuses one delivery.
    ///
    /// With `requeue` the queue keeps it for another try; otherwise it is dropped, or goes where
    /// the queue's dead letters go.
    public func reject(_ tag: UInt64, requeue: Bool) async throws(AMQPError) {
        try await connection.write(.reject(tag, requeue: requeue), on: token)
    }
}
