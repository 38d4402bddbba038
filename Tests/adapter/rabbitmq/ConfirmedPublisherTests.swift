import AMQP
import FaultyProxy
import FoundationEssentials
import SandmillEntity
import SandmillRabbitMQ
import SandmillService
import Testing

@Suite(.timeLimit(.minutes(5))) struct ConfirmedPublisherTests {
    @Test func eachMessageHasItsOutcome() async throws {
        try await withPublisher { installation, publisher in
            let outcomes = await publisher.publish([
                message(to: .submit, "\(Installation.pool).high", isMandatory: true),
                message(to: .events, "nobody.listens", isMandatory: true),
                message(to: .events, "nobody.listens"),
                message(to: .queue, "no such queue", isMandatory: true),
                message(to: .queue, installation.queue(.low), isMandatory: true),
            ])
            #expect(outcomes == [.confirmed, .unroutable, .confirmed, .unroutable, .confirmed])
            let unsendable = message(to: .submit, String(repeating: "k", count: 256))
            #expect(
                await publisher.publish([unsendable])
                    == [.refused("the routing key is longer than 255 bytes")]
            )
        }
    }

    @Test func aMessageArrivesPersistentWithItsProperties() async throws {
        try await withPublisher { installation, publisher in
            var sent = message(to: .submit, "\(Installation.pool).normal")
            sent.properties = SandmillService.MessageProperties(
                contentType: "application/json",
                messageID: "m",
                correlationID: "c",
                replyTo: "r",
                timestamp: Date(timeIntervalSince1970: 1_700_000_000),
                appID: "a",
                headers: ["tenant": "t"]
            )
            #expect(await publisher.publish([sent]) == [.confirmed])
            let consumer = try await installation.channel.consume(
                queue: installation.queue(.normal),
                prefetch: 1
            )
            let delivery = try #require(try await consumer.deliveries.first { _ in true })
            var expected = AMQP.MessageProperties(
                contentType: "application/json",
                headers: ["tenant": "t"],
                messageID: "m"
            )
            expected.correlationID = "c"
            expected.replyTo = "r"
            expected.userID = installation.broker.user
            expected.timestamp = 1_700_000_000
            expected.appID = "a"
            var received = delivery.properties
            // A quorum queue adds its count of deliveries.
            received.headers?["x-delivery-count"] = nil
            #expect(received == expected)
        }
    }

    @Test func whatTheBrokerRefusesCostsItselfAlone() async throws {
        try await withPublisher { installation, publisher in
            // Nobody waits for answers on the channel that publishes: 406, and the channel is gone.
            var poison = message(to: .submit, "\(Installation.pool).low")
            poison.properties.replyTo = "amq.rabbitmq.reply-to"
            var messages = (0..<300).map { _ in message(to: .submit, "\(Installation.pool).low") }
            for index in [0, 17, 150, 299] { messages[index] = poison }
            for (index, outcome) in await publisher.publish(messages).enumerated() {
                if messages[index] == poison {
                    guard case .refused(let reason) = outcome else {
                        Issue.record("\(outcome)")
                        continue
                    }
                    #expect(reason.contains("fast reply consumer"))
                } else {
                    #expect(outcome == .confirmed)
                }
            }
            let count = try await installation.channel.checkQueue(installation.queue(.low))
                .messageCount
            #expect(count >= 296)
        }
    }

    @Test func headersWithoutAMeaningAreNotSent() async throws {
        try await withPublisher { _, publisher in
            // As text the broker refuses it.
            var copied = message(to: .submit, "\(Installation.pool).low")
            copied.properties.headers = ["CC": "elsewhere", "x-death": "1"]
            #expect(await publisher.publish([copied]) == [.confirmed])
        }
    }

    @Test func aQueueThatIsFullRejects() async throws {
        try await withPublisher { installation, publisher in
            let queue = "\(installation.prefix).full"
            try await installation.channel.declare(
                Queue(
                    queue,
                    isExclusive: true,
                    arguments: ["x-max-length": 0, "x-overflow": "reject-publish"]
                )
            )
            let outcomes = await publisher.publish([
                message(to: .queue, queue), message(to: .submit, "\(Installation.pool).low"),
            ])
            guard case .rejected = outcomes[0] else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(outcomes[1] == .confirmed)
        }
    }

    @Test func aTimestampThatCannotBeCarriedIsLeftOut() async throws {
        try await withPublisher { _, publisher in
            for seconds in [-1, 1e300, Double.infinity, .nan] {
                var odd = message(to: .submit, "\(Installation.pool).normal")
                odd.properties.timestamp = Date(timeIntervalSince1970: seconds)
                #expect(await publisher.publish([odd]) == [.confirmed])
            }
        }
    }

    @Test func publishingGoesOnAfterALostConnection() async throws {
        try await withPublisher { installation, publisher in
            let sent = message(to: .submit, "\(Installation.pool).high")
            #expect(await publisher.publish([sent]) == [.confirmed])
            for _ in 0..<3 {
                installation.proxy.cut()
                while await publisher.publish([sent]) != [.confirmed], !Task.isCancelled {}
            }
        }
    }

    @Test func withoutAConnectionNothingIsConfirmed() async throws {
        try await Installation.with { installation in
            let publisher = ConfirmedPublisher(broker: installation.broker)
            let outcomes = await publisher.publish([message(to: .submit, "x")])
            guard case .unconfirmed(let reason) = outcomes[0] else {
                Issue.record("not unconfirmed: \(outcomes)")
                return
            }
            #expect(reason.contains("no connection"))
        }
    }

    @Test func anExchangeThatWasDeletedIsMadeAgain() async throws {
        try await withPublisher { installation, publisher in
            try await installation.channel.delete(exchange: "\(installation.prefix).events")
            let event = message(to: .events, "execution.succeeded.py.t")
            #expect(await publisher.publish([event]) == [.confirmed])
            try await installation.broker.verifyTopology()
        }
    }

    private func message(
        to exchange: OutboundMessage.Exchange,
        _ routingKey: String,
        isMandatory: Bool = false
    ) -> OutboundMessage {
        OutboundMessage(
            exchange: exchange,
            routingKey: routingKey,
            properties: SandmillService.MessageProperties(),
            body: [1],
            isMandatory: isMandatory
        )
    }

    private func withPublisher(
        _ body: (Installation, ConfirmedPublisher) async throws -> Void
    ) async throws {
        try await Installation.with { installation in
            let publisher = ConfirmedPublisher(broker: installation.broker)
            let running = Task { try await publisher.run() }
            do {
                try await body(installation, publisher)
            } catch {
                running.cancel()
                try await running.value
                throw error
            }
            running.cancel()
            try await running.value
        }
    }
}
