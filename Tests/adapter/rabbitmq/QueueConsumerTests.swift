import AMQP
import FaultyProxy
import FoundationEssentials
import SandmillEntity
import SandmillRabbitMQ
import SandmillService
import Testing

@Suite(.timeLimit(.minutes(5))) struct QueueConsumerTests {
    @Test func everyLevelIsConsumedWithWhatTheMessageCarries() async throws {
        try await withConsumer { installation, inbox in
            for level in Level.allCases {
                try await installation.request("id-\(level.rawValue)", level)
                let delivery = try await inbox.next()
                #expect(delivery.level == level)
                #expect(delivery.routingKey == "\(Installation.pool).\(level.rawValue)")
                #expect(delivery.queue == installation.queue(level))
                #expect(delivery.properties.messageID == "id-\(level.rawValue)")
                #expect(delivery.properties.headers["tenant"] == "t")
                #expect(delivery.body == .complete(Array("{}".utf8)))
            }
        }
    }

    @Test func nothingBeyondThePrefetchIsTakenUnacknowledged() async throws {
        try await withConsumer(prefetch: 2) { installation, inbox in
            for id in 1...4 { try await installation.request("\(id)") }
            let first = try await inbox.next()
            _ = try await inbox.next()
            let queue = installation.queue(.normal)
            #expect(try await installation.channel.checkQueue(queue).messageCount == 2)
            await first.settlement.acknowledge()
            #expect(try await inbox.next().properties.messageID == "3")
            #expect(try await installation.channel.checkQueue(queue).messageCount == 1)
        }
    }

    @Test func anOversizedBodyIsDeliveredAsItsBeginning() async throws {
        try await withConsumer(maximumBody: 10_000) { installation, inbox in
            let message = Message(
                exchange: "\(installation.prefix).submit",
                routingKey: "\(Installation.pool).low",
                body: [UInt8](repeating: 7, count: 50_000)
            )
            _ = await installation.publisher.publish(message)
            let prefix = [UInt8](repeating: 7, count: 4_096)
            let delivery = try await inbox.next()
            // printf '\\7%.0s' {1..50000} | sha256sum
            let digest = "4b4117e2d0c4c4d3096f5c27a25bdeda86adf26adbee721feefd70d41808a4aa"
            #expect(
                delivery.body
                    == .oversized(prefix: prefix, size: ByteCount(50_000), sha256: digest)
            )
        }
    }

    /// A client that sends its names as bytes would share one tenant with everybody else who does.
    @Test(arguments: [FieldValue.bytes([0x61]), 5, true, .void, .array(["a"])])
    func aTenantThatIsNoTextIsNobody(tenant: FieldValue) async throws {
        try await withConsumer { installation, inbox in
            var message = Message(
                exchange: "\(installation.prefix).submit",
                routingKey: "\(Installation.pool).low",
                body: []
            )
            message.properties.headers = ["tenant": tenant, "other": tenant]
            _ = await installation.publisher.publish(message)
            let delivery = try await inbox.next()
            #expect(delivery.properties.headers["tenant"] == "")
        }
    }

    @Test func aCountThatThePublisherMadeUpCountsNothing() async throws {
        try await withConsumer { installation, inbox in
            var message = Message(
                exchange: "\(installation.prefix).submit",
                routingKey: "\(Installation.pool).low",
                body: []
            )
            message.properties.headers = ["x-delivery-count": .int(.max)]
            _ = await installation.publisher.publish(message)
            let delivery = try await inbox.next()
            #expect(delivery.deliveries == 1)
        }
    }

    @Test func aLostConnectionIsReplacedAndWhatWasNotAcknowledgedComesAgain() async throws {
        try await withConsumer { installation, inbox in
            try await installation.request("1")
            let first = try await inbox.next()
            #expect(first.deliveries == 1)
            for number in 2...4 {
                installation.proxy.cut()
                let again = try await inbox.next()
                #expect(again.properties.messageID == "1")
                #expect(again.deliveries == number)
                #expect(!again.settlement.isStale())
            }
            #expect(first.settlement.isStale())
            // Of a connection that is gone: no error, no effect.
            await first.settlement.acknowledge()
            try await installation.request("2", .high)
            #expect(try await inbox.next().properties.messageID == "2")
        }
    }

    @Test func whatIsReleasedComesAgainAndIsCounted() async throws {
        try await withConsumer(prefetch: 1) { installation, inbox in
            try await installation.request("1")
            let first = try await inbox.next()
            await first.settlement.release()
            let again = try await inbox.next()
            #expect(again.properties.messageID == "1")
            #expect(again.deliveries == 2)
            #expect(!first.settlement.isStale())
            await again.settlement.acknowledge()
        }
    }

    @Test func aDeletedQueueIsMadeAgainWhileTheOtherLevelsGoOn() async throws {
        try await withConsumer { installation, inbox in
            try await installation.request("1", .high)
            await (try await inbox.next()).settlement.acknowledge()
            try await installation.channel.delete(queue: installation.queue(.high))
            try await installation.request("2", .low)
            #expect(try await inbox.next().properties.messageID == "2")
            // Until the queue is back, the broker keeps requests of that level as unrouted.
            while try await !isWhole(installation), !Task.isCancelled {}
            try await installation.request("3", .high)
            #expect(try await inbox.next().properties.messageID == "3")
        }
    }

    @Test func cancellingEndsItAndLeavesTheRestToOthers() async throws {
        try await Installation.with { installation in
            try await installation.request("1")
            let inbox = Inbox()
            let consumer = QueueConsumer.requests(
                of: Installation.pool,
                broker: installation.broker,
                prefetch: 4
            )
            let running = Task { await consumer.run(deliver: inbox.take) }
            _ = try await inbox.next()
            running.cancel()
            await running.value
            let other = try await installation.channel.consume(
                queue: installation.queue(.normal),
                prefetch: 1
            )
            let delivery = try #require(try await other.deliveries.first { _ in true })
            #expect(delivery.isRedelivered)
        }
    }

    private func isWhole(_ installation: Installation) async throws -> Bool {
        do throws(BrokerError) {
            try await installation.broker.verifyTopology()
            return true
        } catch  where error.code == .topologyDiffers {
            return false
        }
    }

    private func withConsumer(
        prefetch: Int = 16,
        maximumBody: Int = 1 << 20,
        _ body: (Installation, Inbox) async throws -> Void
    ) async throws {
        try await Installation.with(maximumBody: maximumBody) { installation in
            let inbox = Inbox()
            let consumer = QueueConsumer.requests(
                of: Installation.pool,
                broker: installation.broker,
                prefetch: prefetch
            )
            let running = Task { await consumer.run(deliver: inbox.take) }
            do {
                try await body(installation, inbox)
            } catch {
                running.cancel()
                await running.value
                throw error
            }
            running.cancel()
            await running.value
        }
    }
}
