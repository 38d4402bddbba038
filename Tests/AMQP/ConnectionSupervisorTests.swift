import AMQP
import Backoff
import FaultyProxy
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct ConnectionSupervisorTests {
    private let quick = Backoff(initial: .milliseconds(1), maximum: .milliseconds(20))

    @Test func aLostConnectionIsReplacedAndConsumedAgainWithAnotherTag() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        let endpoint = try proxy.endpoint()
        defer { proxy.stop() }
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let publisher = try await channel.makePublisher()
            let tags = Mutex<[String]>([])
            let supervisor = ConnectionSupervisor(clock: ContinuousClock(), backoff: quick) {
                () throws(AMQPError) in try await Connection.open(endpoint)
            }
            await supervisor.run { connection throws(AMQPError) in
                let consumer = try await connection.openChannel().consume(queue: queue, prefetch: 1)
                let count = tags.withLock { tags in
                    tags.append(consumer.tag)
                    return tags.count
                }
                _ = await publisher.publish(Message(to: queue))
                var deliveries = consumer.deliveries.makeAsyncIterator()
                _ = try await deliveries.next()
                guard count < 3 else { return }
                proxy.cut()
                while try await deliveries.next() != nil {}
            }
            #expect(Set(tags.withLock(\.self)).count == 3)
        }
    }

    @Test func failuresWaitLongerAndHopelessOnesLongest() async throws {
        let waits = Mutex<[Duration]>([])
        let attempts = Mutex(0)
        let supervisor = ConnectionSupervisor(
            clock: ContinuousClock(),
            backoff: quick,
            observer: { event in
                if case .failed(_, let wait) = event { waits.withLock { $0.append(wait) } }
            },
            open: { () throws(AMQPError) in
                let attempt = attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                }
                guard attempt > 8 else { throw try await refusal() }
                do { return try await Broker.connection() } catch { throw try await refusal() }
            }
        )
        await supervisor.run { _ in }
        #expect(waits.withLock(\.count) == 8)
        #expect(waits.withLock { $0.allSatisfy { $0 <= .milliseconds(20) } })
    }

    @Test func cancellingEndsTheConnectionAndTheSupervisor() async throws {
        let endpoint = try Broker.endpoint()
        let connections = AsyncStream<Connection>.makeStream()
        let running = Task {
            let supervisor = ConnectionSupervisor(clock: ContinuousClock(), backoff: quick) {
                () throws(AMQPError) in try await Connection.open(endpoint)
            }
            await supervisor.run { connection throws(AMQPError) in
                connections.continuation.yield(connection)
                if let reason = await connection.untilClosed() { throw reason }
            }
        }
        let connection = try #require(await connections.stream.first { _ in true })
        running.cancel()
        await running.value
        #expect(await connection.untilClosed()?.code == .closed)
    }

    @Test func cancellingEndsTheWaitForABrokerThatIsNotThere() async throws {
        let failures = AsyncStream<Void>.makeStream()
        let running = Task {
            let supervisor = ConnectionSupervisor(
                clock: ContinuousClock(),
                backoff: Backoff(initial: .seconds(600), maximum: .seconds(600)),
                observer: { _ in failures.continuation.yield() },
                open: { () throws(AMQPError) in
                    try await Connection.open(Endpoint(host: "127.0.0.1", port: 1))
                }
            )
            await supervisor.run { _ in }
        }
        _ = await failures.stream.first { true }
        running.cancel()
        await running.value
    }
}

/// An error as nobody listening gives it.
private func refusal() async throws(AMQPError) -> AMQPError {
    _ = try await Connection.open(Endpoint(host: "127.0.0.1", port: 1))
    preconditionFailure("somebody listens at port 1")
}
