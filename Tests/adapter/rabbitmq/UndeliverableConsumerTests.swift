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
            let message = try await next(of: messages)
            #expect(message.origin == .unrouted)
            #expect(message.routingKey == "nobody.normal")
            #expect(message.deliveries == 0)
            #expect(message.properties.messageID == "lost")
            #expect(message.body == .complete(Array("{}".utf8)))
        }
    }

    @Test func whatTheBrokerGaveUpComesWithItsCauseAndItsQueue() async throws {
        try await withConsumer { installation, messages in
            let queue = installation.queue(.normal)
            let consumer = try await installation.channel.consume(queue: queue, prefetch: 1)
            try await installation.request("refused")
            let delivery = try #require(try await consumer.deliveries.first { _ in true })
            try await installation.channel.reject(delivery.tag, requeue: false)
            let message = try await next(of: messages)
            #expect(message.origin == .givenUp(because: "rejected"))
            #expect(message.queue == queue)
            #expect(message.routingKey == "\(Installation.pool).normal")
            #expect(message.deliveries == nil)
        }
    }

    @Test func onlyWhatIsAcknowledgedLeavesTheQueue() async throws {
        try await withConsumer { installation, messages in
            try await installation.request("lost", pool: "nobody")
            _ = try await next(of: messages)
            installation.proxy.cut()
            let again = try await next(of: messages)
            #expect(again.properties.messageID == "lost")
            await again.settlement.acknowledge()
            let queue = "\(installation.prefix).unrouted"
            while try await installation.channel.checkQueue(queue).messageCount > 0 {
                try Task.checkCancellation()
            }
        }
    }

    private func next(
        of messages: AsyncStream<SandmillService.Delivery>
    ) async throws -> SandmillService.Delivery {
        try #require(await messages.first { _ in true })
    }

    private func withConsumer(
        _ body: (Installation, AsyncStream<SandmillService.Delivery>) async throws -> Void
    ) async throws {
        try await Installation.with { installation in
            let (messages, continuation) = AsyncStream<SandmillService.Delivery>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let consumer = QueueConsumer.undeliverable(broker: installation.broker)
                group.addTask { await consumer.run { continuation.yield($0) } }
                defer { group.cancelAll() }
                try await body(installation, messages)
            }
        }
    }
}
