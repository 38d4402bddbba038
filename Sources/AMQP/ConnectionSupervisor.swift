public import Backoff

/// Keeps a connection: opens one, has it used, and when it is lost opens the next.
///
/// ```swift
/// await supervisor.run { connection throws(AMQPError) in
///     let channel = try await connection.openChannel()
///     let consumer = try await channel.consume(queue: "work", prefetch: 16)
///     for try await delivery in consumer.deliveries { … }
/// }
/// ```
public struct ConnectionSupervisor<C: Clock>: Sendable where C.Duration == Duration {
    /// What a supervisor tells its observer.
    public enum Event: Sendable {
        /// A connection is open.
        case opened
        /// No connection, or the last one is gone; the next try comes after the wait.
        case failed(AMQPError, wait: Duration)
    }

    private let backoff: Backoff
    private let clock: C
    private let observer: @Sendable (Event) -> Void
    private let open: @Sendable () async throws(AMQPError) -> Connection

    /// Makes a supervisor that opens its connections with `open`.
    public init(
        clock: C,
        backoff: Backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(30)),
        observer: @escaping @Sendable (Event) -> Void = { _ in },
        open: @escaping @Sendable () async throws(AMQPError) -> Connection
    ) {
        self.backoff = backoff
        self.clock = clock
        self.observer = observer
        self.open = open
    }

    /// Runs `body` on one connection after the other, until it returns or the task is cancelled.
    ///
    /// - Parameter body: Everything that is done with one connection, from its declarations on. It
    ///   must throw when the connection is lost, as every call and every consumer's deliveries do;
    ///   what only publishes waits for ``Connection/untilClosed()``. It must return when the task
    ///   is cancelled. The connection is closed after it.
    public func run(
        _ body: (Connection) async throws(AMQPError) -> Void
    ) async {
        var backoff = backoff
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            do throws(AMQPError) {
                let connection = try await open()
                observer(.opened)
                let start = clock.now
                defer { backoff.reset(after: start.duration(to: clock.now)) }
                try await use(connection, with: body)
                return
            } catch {
                let wait = backoff.next(isHopeless: !error.isRetryable, using: &generator)
                observer(.failed(error, wait: wait))
                try? await clock.sleep(for: wait)
            }
        }
    }

    private func use(
        _ connection: Connection,
        with body: (Connection) async throws(AMQPError) -> Void
    ) async throws(AMQPError) {
        do throws(AMQPError) {
            try await body(connection)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}
