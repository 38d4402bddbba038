import AMQP
import Backoff
import PrivateBroker
import Synchronization
import Testing

/// What needs a broker that nobody else uses.
@Suite(.withPrivateBroker, .serialized, .timeLimit(.minutes(5))) struct PrivateBrokerTests {
    private let broker: PrivateBroker

    init() throws {
        broker = try #require(PrivateBroker.current)
    }

    @Test func publishingPausesWhileTheBrokerIsInAlarmAndConsumingGoesOn() async throws {
        let events = AsyncStream<ConnectionEvent>.makeStream()
        let options = Connection.Options(observer: { events.continuation.yield($0) })
        let connection = try await Connection.open(broker.endpoint, options: options)
        let channel = try await connection.openChannel()
        try await channel.declare(Queue("alarm"))
        let publisher = try await connection.openPublisher(
            channels: 2,
            confirmTimeout: .seconds(3)
        )
        let stock = (0..<10).map { Message(to: "alarm", "\($0)") }
        #expect(await publisher.publish(stock).allSatisfy { $0 == .confirmed })
        let other = try await Connection.open(broker.endpoint)
        let consuming = try await other.openChannel()
        let consumer = try await consuming.consume(queue: "alarm", prefetch: 1)

        try broker.control("set_vm_memory_high_watermark", "0")
        let isBlocked = Mutex(false)
        async let trickle: [PublishOutcome] = {
            // The broker tells it to who publishes, and reads no more of what follows. This little
            // never fills the socket before that is heard, however late the broker comes to it; then
            // the connection would be given up.
            let little = Array(repeating: Message(to: "alarm", "more"), count: 100)
            var outcomes: [PublishOutcome] = []
            while !isBlocked.withLock({ $0 }) { outcomes += await publisher.publish(little) }
            return outcomes
        }()
        var seen = events.stream.makeAsyncIterator()
        let event = try #require(await seen.next())
        isBlocked.withLock { $0 = true }
        guard case .blocked(let reason) = event else {
            Issue.record("the broker has not blocked the connection: \(event)")
            return
        }
        #expect(reason.contains("memory"))
        #expect(await connection.publishingBlockedReason == reason)

        let isPublished = Mutex(false)
        async let outcomes: [PublishOutcome] = {
            // More than the socket's buffers hold.
            let body = [UInt8](repeating: 0, count: 1 << 20)
            let message = Message(exchange: "", routingKey: "alarm", body: body)
            let outcomes = await publisher.publish(Array(repeating: message, count: 32))
            isPublished.withLock { $0 = true }
            return outcomes
        }()
        var deliveries = consumer.deliveries.makeAsyncIterator()
        for _ in 0..<10 {
            let delivery = try #require(try await deliveries.next())
            try await consuming.acknowledge(delivery.tag)
        }
        // Longer than the broker may take to confirm, which does not count in an alarm.
        try await Task.sleep(for: .seconds(4))
        #expect(isPublished.withLock { !$0 })

        try broker.control("set_vm_memory_high_watermark", "0.4")
        #expect(await outcomes.allSatisfy { $0 == .confirmed })
        #expect(await trickle.allSatisfy { $0 == .confirmed })
        #expect(await seen.next() == .unblocked)
        #expect(await connection.publishingBlockedReason == nil)
        await connection.close()
        await other.close()
    }

    @Test func aConnectionThatAnAdministratorClosesSaysWhy() async throws {
        let connection = try await Connection.open(broker.endpoint)
        let channel = try await connection.openChannel()
        try broker.control("close_all_connections", "maintenance at noon")
        let reason = try #require(await connection.untilClosed())
        #expect(reason.code == .connectionLost)
        #expect(reason.replyCode == 320)
        #expect(reason.message.contains("maintenance at noon"))
        #expect(reason.isRetryable)
        #expect(channel.closeReason == reason)
    }

    @Test func aSupervisorOutlivesARestartOfTheBroker() async throws {
        let endpoint = broker.endpoint
        let events = AsyncStream<Bool>.makeStream()
        let supervisor = ConnectionSupervisor(
            clock: ContinuousClock(),
            backoff: Backoff(initial: .milliseconds(50), maximum: .milliseconds(200)),
            observer: { event in
                if case .opened = event { events.continuation.yield(true) }
            },
            open: { () throws(AMQPError) in try await Connection.open(endpoint) }
        )
        let running = Task {
            await supervisor.run { connection throws(AMQPError) in
                try await connection.openChannel().declare(Queue("durable"))
                if let reason = await connection.untilClosed() { throw reason }
            }
        }
        var openings = events.stream.makeAsyncIterator()
        _ = await openings.next()
        try broker.control("stop_app")
        try broker.control("start_app")
        _ = await openings.next()
        running.cancel()
        await running.value
    }

    @Test func messagesPassOverTLSWithCertificatesOnBothSides() async throws {
        let tls = Endpoint.TLS(
            authorityFile: broker.file("authority.pem"),
            certificateFile: broker.file("client.pem"),
            keyFile: broker.file("client.key")
        )
        let connection = try await Connection.open(broker.secureEndpoint(tls))
        let channel = try await connection.openChannel()
        try await channel.declare(Queue("tls"))
        let body = [UInt8](repeating: 7, count: 1 << 20)
        let message = Message(exchange: "", routingKey: "tls", body: body)
        let outcomes = try await channel.makePublisher().publish(
            Array(repeating: message, count: 8)
        )
        #expect(outcomes.allSatisfy { $0 == .confirmed })
        let consumer = try await channel.consume(queue: "tls", prefetch: 4)
        for _ in 0..<2 {
            for delivery in try await consumer.deliveries.prefix(4) {
                #expect(delivery.body == .complete(body))
                try await channel.acknowledge(delivery.tag)
            }
        }
        await connection.close()
    }

    @Test func aBrokerThatAStrangerVouchesForIsRefused() async throws {
        let tls = Endpoint.TLS(
            authorityFile: broker.file("stranger.pem"),
            certificateFile: broker.file("client.pem"),
            keyFile: broker.file("client.key")
        )
        let endpoint = broker.secureEndpoint(tls)
        #expect(try await failure { try await Connection.open(endpoint) }.code == .tlsFailed)
        var trusting = endpoint
        trusting.tls?.verifiesPeer = false
        try await Connection.open(trusting).close()
    }

    @Test func aBrokerOfAnotherNameIsRefused() async throws {
        let tls = Endpoint.TLS(
            authorityFile: broker.file("authority.pem"),
            certificateFile: broker.file("client.pem"),
            keyFile: broker.file("client.key")
        )
        var endpoint = broker.secureEndpoint(tls)
        endpoint.addresses[0].host = "127.0.0.1"
        let error = try await failure { [endpoint] in try await Connection.open(endpoint) }
        #expect(error.code == .tlsFailed)
        #expect(error.message.contains("hostname"))
    }

    @Test func aFileThatIsNoCertificateIsNamed() async throws {
        for tls in [
            Endpoint.TLS(authorityFile: "/dev/null"),
            Endpoint.TLS(
                authorityFile: broker.file("authority.pem"),
                certificateFile: "/dev/null"
            ),
        ] {
            let error = try await failure { try await Connection.open(broker.secureEndpoint(tls)) }
            #expect(error.code == .tlsFailed)
            #expect(error.message.contains("/dev/null"))
        }
    }
}
