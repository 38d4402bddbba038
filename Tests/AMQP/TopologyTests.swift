import AMQP
import Testing

@Suite(.timeLimit(.minutes(5))) struct TopologyTests {
    @Test func aQueueIsDeclaredBoundAndDeleted() async throws {
        try await Broker.withChannel { channel, queue in
            let status = try await channel.declare(Queue(queue))
            #expect(status == (try await channel.checkQueue(queue)))
            #expect(status.messageCount == 0)
            try await channel.declare(Exchange(queue, kind: .topic, isDurable: false))
            try await channel.checkExchange(queue)
            try await channel.bind(queue: queue, to: queue, bindingKey: "a.*")

            let publisher = try await channel.makePublisher()
            let message = Message(exchange: queue, routingKey: "a.b", body: [1])
            #expect(await publisher.publish([message, message]) == [.confirmed, .confirmed])
            #expect(try await channel.checkQueue(queue).messageCount == 2)
            let stray = Message(exchange: queue, routingKey: "b.a", body: [1])
            let outcome = await publisher.publish(stray)
            #expect(outcome == .returned(code: 312, text: "NO_ROUTE"))

            try await channel.delete(exchange: queue)
            #expect(try await channel.delete(queue: queue) == 2)
            #expect(try await failure { try await channel.checkQueue(queue) }.code == .notFound)
        }
    }

    @Test func theBrokerMayChooseTheName() async throws {
        try await Broker.withChannel { channel, _ in
            let status = try await channel.declare(Queue("", isDurable: false, isExclusive: true))
            #expect(status.name.hasPrefix("amq.gen-"))
        }
    }

    @Test func anotherDeclarationOfTheSameQueueIsRefusedWithTheDifference() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue, arguments: ["x-queue-type": "quorum"]))
            let error = try await failure { try await channel.declare(Queue(queue)) }
            #expect(error.code == .preconditionFailed)
            #expect(error.replyCode == 406)
            #expect(error.message.contains("x-queue-type"))
            #expect(!error.isRetryable)
            #expect(channel.closeReason == error)
            #expect(try await failure { try await channel.checkQueue(queue) } == error)
        }
    }

    @Test func aChannelsErrorLeavesTheOthersAlone() async throws {
        let connection = try await Broker.connection()
        let (one, other) = (try await connection.openChannel(), try await connection.openChannel())
        #expect(try await failure { try await one.checkExchange("no such") }.code == .notFound)
        try await other.checkExchange("amq.topic")
        await connection.close()
    }

    @Test func anExclusiveQueueIsLockedForOthers() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue, isExclusive: true))
            let other = try await Broker.connection()
            let error = try await failure {
                try await other.openChannel().declare(Queue(queue, isExclusive: true))
            }
            #expect(error.code == .resourceLocked)
            await other.close()
        }
    }

    @Test func whatAMQPCannotCarryIsRefusedBeforeItIsSent() async throws {
        try await Broker.withChannel { channel, queue in
            let long = String(repeating: "x", count: 256)
            let wide = FieldTable(
                uniqueKeysWithValues: (0..<2_000).map { ("\($0)", .string(long)) }
            )
            let attempts: [() async throws -> Void] = [
                { try await channel.declare(Queue(long)) },
                { try await channel.declare(Exchange(long, kind: .topic)) },
                { try await channel.bind(queue: queue, to: "amq.topic", bindingKey: long) },
                { try await channel.declare(Queue(queue, arguments: [long: 1])) },
                { try await channel.declare(Queue(queue, arguments: wide)) },
            ]
            for attempt in attempts {
                #expect(try await failure { try await attempt() }.code == .invalidArgument)
            }
            try await channel.declare(Queue(queue))
        }
    }

    @Test func callsMayBeMadeAtOnce() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        try await channel.bind(
                            queue: queue,
                            to: "amq.topic",
                            bindingKey: "\(index)"
                        )
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
