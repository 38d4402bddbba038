import AMQP
import FaultyProxy
import SandmillRabbitMQ
import SandmillService
import Testing

@Suite(.timeLimit(.minutes(5))) struct EventConsumerTests {
    @Test func onlyWhatThePatternsNameIsReceived() async throws {
        try await Installation.with { installation in
            let events = EventConsumer(broker: installation.broker)
            let received = try await events.withSubscription(
                to: ["execution.failed.#", "batch.completed.#"]
            ) { subscription in
                for topic in [
                    "execution.failed.py.t", "execution.succeeded.py.t", "batch.completed.py.t",
                ] {
                    try await announce(topic, on: installation)
                }
                return try await subscription.first(2)
            }
            #expect(
                received.map(\.routingKey) == ["execution.failed.py.t", "batch.completed.py.t"]
            )
            #expect(received.map(\.body) == [Array("{}".utf8), Array("{}".utf8)])
        }
    }

    @Test func anEventMayBeSentToTheSubscriptionItself() async throws {
        try await Installation.with { installation in
            let events = EventConsumer(broker: installation.broker)
            let received = try await events.withSubscription(to: []) { subscription in
                let message = Message(
                    exchange: "",
                    routingKey: subscription.replyTo,
                    body: Array("{}".utf8)
                )
                let outcome = await installation.publisher.publish(message)
                #expect(outcome == .confirmed)
                return try await subscription.first(1)
            }
            #expect(received.count == 1)
        }
    }

    @Test func theQueueGoesWithTheSubscription() async throws {
        try await Installation.with { installation in
            let events = EventConsumer(broker: installation.broker)
            let queue = try await events.withSubscription(to: ["#"]) { $0.replyTo }
            let error = await #expect(throws: AMQPError.self) {
                try await installation.channel.checkQueue(queue)
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func aLostConnectionEndsTheEventsWithAnError() async throws {
        try await Installation.with { installation in
            let events = EventConsumer(broker: installation.broker)
            let error = try await failure {
                try await events.withSubscription(to: ["#"]) { subscription in
                    installation.proxy.cut()
                    return try await subscription.first(1)
                }
            }
            #expect(error.code == .unavailable)
        }
    }

    @Test func whatTheBodyThrowsIsThrown() async throws {
        struct Stop: Error {}
        try await Installation.with { installation in
            let events = EventConsumer(broker: installation.broker)
            await #expect(throws: Stop.self) {
                try await events.withSubscription(to: []) { _ in throw Stop() }
            }
        }
    }

    private func announce(_ topic: String, on installation: Installation) async throws {
        let message = Message(
            exchange: "\(installation.prefix).events",
            routingKey: topic,
            body: Array("{}".utf8),
            isMandatory: false
        )
        let outcome = await installation.publisher.publish(message)
        #expect(outcome == .confirmed)
    }
}

extension EventSubscription {
    fileprivate func first(_ count: Int) async throws -> [EventMessage] {
        var messages: [EventMessage] = []
        for try await message in events {
            messages.append(message)
            if messages.count == count { break }
        }
        return messages
    }
}
