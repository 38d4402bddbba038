extension Channel {
    /// Declares an exchange; it is created if it does not exist.
    ///
    /// - Throws: ``AMQPError/Code/preconditionFailed`` when it exists and is different.
    public func declare(_ exchange: Exchange) async throws(AMQPError) {
        try await connection.call(.declare(exchange, isPassive: false), on: token)
    }

    /// Declares a queue; it is created if it does not exist.
    ///
    /// - Throws: ``AMQPError/Code/preconditionFailed`` when it exists and is different.
    @discardableResult
    public func declare(_ queue: Queue) async throws(AMQPError) -> QueueStatus {
        QueueStatus(try await connection.call(.declare(queue, isPassive: false), on: token))
    }

    /// Looks whether an exchange exists, of whatever kind.
    ///
    /// - Throws: ``AMQPError/Code/notFound``.
    public func checkExchange(_ name: String) async throws(AMQPError) {
        let exchange = Exchange(name, kind: .direct)
        try await connection.call(.declare(exchange, isPassive: true), on: token)
    }

    /// Looks whether a queue exists, and what is in it.
    ///
    /// - Throws: ``AMQPError/Code/notFound``.
    @discardableResult
    public func checkQueue(_ name: String) async throws(AMQPError) -> QueueStatus {
        QueueStatus(try await connection.call(.declare(Queue(name), isPassive: true), on: token))
    }

    /// Has an exchange route to a queue.
    ///
    /// - Throws: ``AMQPError/Code/notFound`` when one of them does not exist.
    public func bind(
        queue: String,
        to exchange: String,
        bindingKey: String = "",
        arguments: FieldTable = [:]
    ) async throws(AMQPError) {
        try await connection.call(
            .bind(queue: queue, exchange: exchange, bindingKey: bindingKey, arguments: arguments),
            on: token
        )
    }

    /// Deletes a queue with its messages; no error when it does not exist.
    ///
    /// - Returns: How many messages it had.
    @discardableResult
    public func delete(queue: String) async throws(AMQPError) -> UInt32 {
        try await connection.call(.deleteQueue(queue), on: token).messageCount
    }

    /// Deletes an exchange; no error when it does not exist.
    public func delete(exchange: String) async throws(AMQPError) {
        try await connection.call(.deleteExchange(exchange), on: token)
    }
}

extension QueueStatus {
    fileprivate init(_ reply: Reply) {
        self.init(
            name: reply.queue,
            messageCount: reply.messageCount,
            consumerCount: reply.consumerCount
        )
    }
}
