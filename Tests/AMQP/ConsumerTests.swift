import Hashing
import Testing

@testable import AMQP

@Suite(.timeLimit(.minutes(5))) struct ConsumerTests {
    @Test func deliveriesArriveInOrderWithAllTheirProperties() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            var message = Message(to: queue, "first", id: "id-1")
            message.properties.headers = ["tenant": "t"]
            message.properties.contentEncoding = "identity"
            message.properties.priority = 3
            message.properties.correlationID = "c"
            message.properties.replyTo = "r"
            message.properties.expiration = "60000"
            message.properties.type = "t"
            message.properties.userID = "guest"
            message.properties.appID = "a"
            let second = Message(to: queue, "second")
            let outcomes = try await channel.makePublisher().publish([message, second])
            #expect(outcomes == [.confirmed, .confirmed])

            let consumer = try await channel.consume(queue: queue, prefetch: 10)
            let deliveries = try await consumer.deliveries.prefix(2)
            #expect(deliveries.map(\.text) == ["first", "second"])
            #expect(deliveries.map(\.properties) == [message.properties, second.properties])
            #expect(deliveries.map(\.tag) == [1, 2])
            #expect(deliveries[0].exchange == "" && deliveries[0].routingKey == queue)
            #expect(!deliveries[0].isRedelivered)
        }
    }

    @Test func noMoreThanThePrefetchIsUnacknowledged() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let messages = (1...5).map { Message(to: queue, "\($0)") }
            _ = try await channel.makePublisher().publish(messages)
            let consumer = try await channel.consume(queue: queue, prefetch: 2)
            var deliveries = consumer.deliveries.makeAsyncIterator()
            let first = try #require(try await deliveries.next())
            let second = try #require(try await deliveries.next())
            #expect(try await channel.checkQueue(queue).messageCount == 3)
            for delivery in [first, second] { try await channel.acknowledge(delivery.tag) }
            let third = try #require(try await deliveries.next())
            let fourth = try #require(try await deliveries.next())
            #expect([third.text, fourth.text] == ["3", "4"])
            for delivery in [third, fourth] { try await channel.acknowledge(delivery.tag) }
            #expect(try await deliveries.next()?.text == "5")
        }
    }

    /// A prefetch counts messages: what is large would fill the memory.
    @Test func noMoreBytesThanTheLimitAndOneBodyAreUnacknowledged() async throws {
        try await Broker.withChannel { sender, queue in
            try await sender.declare(Queue(queue))
            let message = Message(to: queue, String(repeating: "x", count: 1 << 20))
            let publisher = try await sender.makePublisher()
            for _ in 0..<12 { _ = await publisher.publish([message]) }
            let options = Connection.Options(unacknowledgedLimit: 2 << 20)
            let connection = try await Connection.open(try Broker.endpoint(), options: options)
            let channel = try await connection.openChannel()
            let consumer = try await channel.consume(queue: queue, prefetch: 12)
            var deliveries = consumer.deliveries.makeAsyncIterator()
            var tags: [UInt64] = []
            for _ in 0..<2 { tags.append(try #require(try await deliveries.next()).tag) }
            // What was acknowledged makes room, and nothing else does.
            for _ in 2..<12 {
                #expect(await connection.isReadingPaused)
                try await channel.acknowledge(tags.removeFirst())
                tags.append(try #require(try await deliveries.next()).tag)
            }
            #expect(await connection.isReadingPaused)
            // Whoever waits for an answer gets it; a channel that ends takes what it had along.
            await channel.close()
            #expect(await !connection.isReadingPaused)
            await connection.close()
        }
    }

    @Test func oneAcknowledgementIsThatOfOneDelivery() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let messages = (1...3).map { Message(to: queue, "\($0)") }
            _ = try await channel.makePublisher().publish(messages)
            let consumer = try await channel.consume(queue: queue, prefetch: 2)
            var deliveries = consumer.deliveries.makeAsyncIterator()
            _ = try await deliveries.next()
            let second = try #require(try await deliveries.next())
            try await channel.acknowledge(second.tag)
            _ = try await deliveries.next()
            await channel.close()
            try await Broker.withChannel { channel, _ in
                let status = try await channel.checkQueue(queue)
                #expect(status.messageCount == 2)
            }
        }
    }

    @Test func aRejectedDeliveryComesAgainOrGoesToTheDeadLetters() async throws {
        try await Broker.withChannel { channel, queue in
            let dead = try await channel.declare(Queue("", isExclusive: true)).name
            try await channel.declare(
                Queue(
                    queue,
                    arguments: [
                        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string(dead),
                    ]
                )
            )
            _ = try await channel.makePublisher().publish(Message(to: queue, "x"))
            let consumer = try await channel.consume(queue: queue, prefetch: 1)
            var deliveries = consumer.deliveries.makeAsyncIterator()
            let first = try #require(try await deliveries.next())
            try await channel.reject(first.tag, requeue: true)
            let second = try #require(try await deliveries.next())
            #expect(second.isRedelivered)
            try await channel.reject(second.tag, requeue: false)
            let consumerOfDead = try await channel.consume(queue: dead, prefetch: 1)
            let letter = try await consumerOfDead.deliveries.prefix(1)[0]
            let deaths = try #require(letter.properties.headers?["x-death"]).tables
            #expect(deaths.map { $0["queue"] } == [.string(queue)])
            #expect(deaths.map { $0["count"] } == [1])
        }
    }

    @Test func aCancelledConsumerEndsAndWhatItHeldIsStillAcknowledged() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            _ = try await channel.makePublisher().publish([Message(to: queue), Message(to: queue)])
            let consumer = try await channel.consume(queue: queue, prefetch: 1)
            var deliveries = consumer.deliveries.makeAsyncIterator()
            let delivery = try #require(try await deliveries.next())
            try await consumer.cancel()
            #expect(try await deliveries.next() == nil)
            try await channel.acknowledge(delivery.tag)
            #expect(try await channel.checkQueue(queue).messageCount == 1)
        }
    }

    @Test func aDeletedQueueEndsItsConsumerAndNoOther() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let other = try await channel.declare(Queue("", isExclusive: true)).name
            let consumer = try await channel.consume(queue: queue, prefetch: 1)
            let survivor = try await channel.consume(queue: other, prefetch: 1)
            try await channel.delete(queue: queue)
            let error = try await failure { for try await _ in consumer.deliveries {} }
            #expect(error.code == .consumerCancelled)
            #expect(error.isRetryable)
            _ = try await channel.makePublisher().publish(Message(to: other, "still here"))
            #expect(try await survivor.deliveries.prefix(1)[0].text == "still here")
        }
    }

    @Test func closingAChannelCancelsItsConsumersAndReturnsTheirMessages() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            _ = try await channel.makePublisher().publish(Message(to: queue, "x"))
            let connection = try await Broker.connection()
            let closing = try await connection.openChannel()
            let consumer = try await closing.consume(queue: queue, prefetch: 1)
            var deliveries = consumer.deliveries.makeAsyncIterator()
            #expect(try await deliveries.next()?.text == "x")
            await closing.close()
            #expect(try await deliveries.next() == nil)
            let again = try await channel.consume(queue: queue, prefetch: 1)
            #expect(try await again.deliveries.prefix(1)[0].isRedelivered)
            await connection.close()
        }
    }

    @Test func consumerTagsAreNeverUsedTwice() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            var tags: Set<String> = []
            for _ in 0..<20 {
                let consumer = try await channel.consume(queue: queue, prefetch: 1)
                tags.insert(consumer.tag)
                try await consumer.cancel()
            }
            let other = try await Broker.connection()
            let consumer = try await other.openChannel().consume(queue: queue, prefetch: 1)
            tags.insert(consumer.tag)
            await other.close()
            #expect(tags.count == 21)
        }
    }

    @Test func consumingAMissingQueueFails() async throws {
        try await Broker.withChannel { channel, queue in
            let error = try await failure { try await channel.consume(queue: queue, prefetch: 1) }
            #expect(error.code == .notFound)
        }
    }

    @Test func anUnknownDeliveryTagClosesTheChannel() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.acknowledge(99)
            let error = try await failure { try await channel.declare(Queue(queue)) }
            #expect(error.code == .preconditionFailed)
            #expect(error.message.contains("unknown delivery tag"))
        }
    }

    @Test func aBodyAboveTheLimitIsNotBuffered() async throws {
        try await Broker.withChannel(bodyLimit: 10_000) { channel, queue in
            try await channel.declare(Queue(queue))
            let big = String(repeating: "0123456789", count: 40_000)
            let messages = [Message(to: queue, big), Message(to: queue, "small")]
            let outcomes = try await channel.makePublisher().publish(messages)
            #expect(outcomes == [.confirmed, .confirmed])
            let consumer = try await channel.consume(queue: queue, prefetch: 2)
            let deliveries = try await consumer.deliveries.prefix(2)
            let prefix = Array(big.utf8.prefix(4_096))
            let digest = SHA256.hash(big.utf8)
            #expect(
                deliveries[0].body == .oversized(size: 400_000, prefix: prefix, sha256: digest)
            )
            #expect(deliveries[1].text == "small")
            for delivery in deliveries { try await channel.acknowledge(delivery.tag) }
        }
    }

    @Test func aBodyOfManyFramesArrivesWhole() async throws {
        try await Broker.withChannel(bodyLimit: 8 << 20) { channel, queue in
            try await channel.declare(Queue(queue))
            let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let message = Message(exchange: "", routingKey: queue, body: body)
            let outcome = try await channel.makePublisher().publish(message)
            #expect(outcome == .confirmed)
            let consumer = try await channel.consume(queue: queue, prefetch: 1)
            #expect(try await consumer.deliveries.prefix(1)[0].body == .complete(body))
        }
    }
}
