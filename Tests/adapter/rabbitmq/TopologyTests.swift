import AMQP
import SandmillEntity
import SandmillRabbitMQ
import SandmillService
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct TopologyTests {
    @Test func whatWasDeclaredIsVerifiedAndMayBeDeclaredAgain() async throws {
        try await Installation.with { installation in
            try await installation.broker.verifyTopology()
            try await installation.broker.declareTopology()
        }
    }

    @Test func whatIsMissingIsNamedAndNotMade() async throws {
        try await Installation.with { installation in
            try await installation.channel.delete(queue: installation.queue(.low))
            try await installation.channel.delete(exchange: "\(installation.prefix).events")
            for _ in 0..<2 {
                let error = try await failure { try await installation.broker.verifyTopology() }
                #expect(error.code == .topologyDiffers)
                #expect(error.message.contains("queue \(installation.queue(.low)) is missing"))
                #expect(
                    error.message.contains("exchange \(installation.prefix).events is missing")
                )
            }
            try await installation.broker.declareTopology()
            try await installation.broker.verifyTopology()
        }
    }

    @Test func whatDiffersIsSaidAndTheRestIsMade() async throws {
        try await Installation.with { installation in
            let queue = installation.queue(.high)
            try await installation.channel.delete(queue: queue)
            try await installation.channel.delete(queue: installation.queue(.low))
            let dead = FieldValue.string("\(installation.prefix).dead")
            try await installation.channel.declare(
                Queue(
                    queue,
                    arguments: ["x-queue-type": "classic", "x-dead-letter-exchange": dead]
                )
            )
            for check in [installation.broker.declareTopology, installation.broker.verifyTopology] {
                let error = try await failure { try await check() }
                #expect(error.code == .topologyDiffers)
                let line = "queue \(queue) has x-dead-letter-routing-key none instead of 'dead'"
                #expect(error.message.contains(line))
            }
            try await installation.channel.checkQueue(installation.queue(.low))
        }
    }

    @Test func whatIsUsedIsRemovedOnlyByForce() async throws {
        try await Installation.with { installation in
            try await installation.request("1", .high)
            let error = try await failure {
                try await installation.broker.removeTopology(evenIfUsed: false)
            }
            #expect(error.code == .refused)
            #expect(error.message == "\(installation.queue(.high)) has 1 messages and 0 consumers")
            try await installation.broker.verifyTopology()
            try await installation.broker.removeTopology(evenIfUsed: true)
            let missing = try await failure { try await installation.broker.verifyTopology() }
            let count = installation.broker.topology.lines.count { !$0.hasPrefix("binding") }
            #expect(missing.message.split(separator: "is missing").count >= count)
            // What is not there is no reason to fail.
            try await installation.broker.removeTopology(evenIfUsed: false)
        }
    }

    @Test func aRequestGoesToTheQueueOfItsLevel() async throws {
        try await Installation.with { installation in
            for level in Level.allCases { try await installation.request("1", level) }
            for level in Level.allCases {
                let status = try await installation.channel.checkQueue(installation.queue(level))
                #expect(status.messageCount == 1)
            }
        }
    }

    @Test func aRequestForNoPoolIsKept() async throws {
        try await Installation.with { installation in
            try await installation.request("lost", pool: "nowhere")
            let consumer = try await installation.channel.consume(
                queue: "\(installation.prefix).unrouted",
                prefetch: 1
            )
            let kept = try #require(try await consumer.deliveries.first { _ in true })
            #expect(kept.properties.messageID == "lost")
            #expect(kept.routingKey == "nowhere.normal")
        }
    }

    @Test func aRejectedRequestBecomesADeadLetter() async throws {
        try await Installation.with { installation in
            try await installation.request("bad")
            let work = try await installation.channel.consume(
                queue: installation.queue(.normal),
                prefetch: 1
            )
            let delivery = try #require(try await work.deliveries.first { _ in true })
            try await installation.channel.reject(delivery.tag, requeue: false)
            let dead = try await installation.channel.consume(
                queue: "\(installation.prefix).dead",
                prefetch: 1
            )
            let letter = try #require(try await dead.deliveries.first { _ in true })
            #expect(letter.properties.messageID == "bad")
            #expect(letter.routingKey == "dead")
        }
    }

    @Test func itIsShownLineByLine() {
        let lines = Topology(prefix: "sandmill", pools: ["python"]).lines
        #expect(
            lines.contains("exchange  sandmill.submit  topic  alternate-exchange=sandmill.unrouted")
        )
        #expect(lines.contains("queue     sandmill.dead  x-queue-type=quorum"))
        #expect(
            lines.contains("binding   sandmill.submit -> sandmill.work.python.low  \"python.low\"")
        )
        #expect(
            lines.contains(
                "queue     sandmill.work.python.high  x-dead-letter-exchange=sandmill.dead"
                    + "  x-dead-letter-routing-key=dead  x-dead-letter-strategy=at-least-once"
                    + "  x-delivery-limit=20  x-overflow=reject-publish  x-queue-type=quorum"
            )
        )
    }

    @Test func aBrokerThatCannotBeUsedSaysWhy() async throws {
        let topology = Topology(prefix: "x", pools: [])
        func broker(_ url: String) throws -> SandmillRabbitMQ.Broker {
            try SandmillRabbitMQ.Broker(
                url: url,
                authorityFile: nil,
                topology: topology,
                maximumBody: 1,
                logger: .silent
            )
        }
        #expect(try await failure { try broker("amqp://b:x") }.code == .refused)
        let nobody = try broker("amqp://127.0.0.1:1")
        #expect(try await failure { try await nobody.verifyTopology() }.code == .unavailable)
    }
}
