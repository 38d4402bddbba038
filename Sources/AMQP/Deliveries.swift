/// What a consumer receives, in the broker's order.
///
/// The sequence ends when the consumer is cancelled by this side, and throws when its queue, its
/// channel or the connection is gone. Only one task may take from it at a time. It buffers whatever the
/// prefetch lets through, and without acknowledgements everything.
public struct Deliveries: AsyncSequence, Sendable {
    /// Where the connection puts deliveries.
    struct Source: Sendable {
        fileprivate let continuation: AsyncStream<Result<Delivery, AMQPError>>.Continuation

        func yield(_ delivery: Delivery) {
            continuation.yield(.success(delivery))
        }

        func finish() {
            continuation.finish()
        }

        func finish(throwing error: AMQPError) {
            continuation.yield(.failure(error))
            continuation.finish()
        }
    }

    /// Takes one delivery after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var results: AsyncStream<Result<Delivery, AMQPError>>.AsyncIterator
        fileprivate let connection: Connection

        /// Waits for a delivery.
        ///
        /// - Returns: `nil` after the consumer was cancelled, or when the task is cancelled.
        /// - Throws: Why nothing more will come.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(AMQPError) -> Delivery? {
            try await results.next(isolation: actor)?.get()
        }
    }

    let source: Source
    private let results: AsyncStream<Result<Delivery, AMQPError>>
    /// Kept open as long as somebody listens.
    private let connection: Connection

    init(from connection: Connection) {
        self.connection = connection

        let (stream, continuation) = AsyncStream<Result<Delivery, AMQPError>>.makeStream()
        results = stream
        source = Source(continuation: continuation)
    }

    /// Begins the iteration.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(results: results.makeAsyncIterator(), connection: connection)
    }
}
