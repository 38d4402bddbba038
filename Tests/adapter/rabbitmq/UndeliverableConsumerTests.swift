import AMQP
import FaultyProxy
import FoundationEssentials
import SandmillEntity
import SandmillRabbitMQ
import SandmillService
import Testing

@Suite(.timeLimit(.minutes(5))) struct UndeliverableConsumerTests {
    @Test func whatNoQueueWantsComesWithItsRoutingKey() async throws {
        try await withConsumer { installation, messages in
            try await installation.request("lost", pool: "nobody")
            let letter = try await next(of: messages).letter
            #expect(letter.errorType == "unroutable")
            #expect(letter.reason == "no queue takes the routing key \"nobody.normal\"")
            #expect(letter.routingKey == "nobody.normal")
            #expect(letter.deliveries == 0)
            #expect(letter.properties.messageID == "lost")
            #expect(letter.body == Array("{}".utf8))
        }
    }

    @Test func whatTheBrokerGaveUpComesWithItsCauseAndItsQueue() async throws {
        try await withConsumer { installation, messages in
            let queue = installation.queue(.normal)
            let consumer = try await installation.channel.consume(queue: queue, prefetch: 1)
            try await installation.request("refused")
            let delivery = try #require(try await consumer.deliveries.first { _ in true })
            try await installation.channel.reject(delivery.tag, requeue: false)
            let letter = try await next(of: messages).letter
            #expect(letter.errorType == "given_up")
            #expect(letter.reason == "the broker gave it up: rejected")
            #expect(letter.queue == queue)
            #expect(letter.routingKey == "\(Installation.pool).normal")
            #expect(letter.deliveries == nil)
        }
    }

    @Test func onlyWhatIsAcknowledgedLeavesTheQueue() async throws {
        try await withConsumer { installation, messages in
            try await installation.request("lost", pool: "nobody")
            _ = try await next(of: messages)
            installation.proxy.cut()
            let again = try await next(of: messages)
            #expect(again.letter.properties.messageID == "lost")
            await again.settlement.acknowledge()
            let queue = "\(installation.prefix).unrouted"
            while try await installation.channel.checkQueue(queue).messageCount > 0 {
                try Task.checkCancellation()
            }
        }
    }

    private func next(
        of messages: AsyncStream<UndeliverableMessage>
    ) async throws -> UndeliverableMessage {
        try #require(await messages.first { _ in true })
    }

    private func withConsumer(
        _ body: (Installation, AsyncStream<UndeliverableMessage>) async throws -> Void
    ) async throws {
        try await Installation.with { installation in
            let (messages, continuation) = AsyncStream<UndeliverableMessage>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let consumer = UndeliverableConsumer(broker: installation.broker)
                group.addTask { await consumer.run { continuation.yield($0) } }
                defer { group.cancelAll() }
                try await body(installation, messages)
            }
        }
    }
}
