import AMQP
import FaultyProxy
import Testing

@Suite(.timeLimit(.minutes(5))) struct PublisherTests {
    @Test func manyCallersShareTheWindows() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let connection = try await Broker.connection()
            let publisher = try await connection.openPublisher(channels: 3, window: 8)
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<50 {
                    group.addTask {
                        for index in 0..<20 {
                            let message = Message(to: queue, "\(caller)", id: "\(caller)-\(index)")
                            #expect(await publisher.publish(message) == .confirmed)
                        }
                    }
                }
            }
            #expect(try await channel.checkQueue(queue).messageCount == 1_000)
            await connection.close()
        }
    }

    @Test func aBatchLargerThanEveryWindowIsConfirmedWhole() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let connection = try await Broker.connection()
            let publisher = try await connection.openPublisher(channels: 2, window: 256)
            let messages = (0..<5_000).map { Message(to: queue, "\($0)", id: "\($0)") }
            let outcomes = await publisher.publish(messages)
            #expect(outcomes.allSatisfy { $0 == .confirmed } && outcomes.count == 5_000)
            #expect(try await channel.checkQueue(queue).messageCount == 5_000)
            #expect(await publisher.publish([]) == [])
            await connection.close()
        }
    }

    @Test func onOneChannelTheOrderIsKept() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let publisher = try await channel.makePublisher(window: 4)
            _ = await publisher.publish((0..<100).map { Message(to: queue, "\($0)") })
            let consumer = try await channel.consume(queue: queue, prefetch: 0)
            let texts = try await consumer.deliveries.prefix(100).map(\.text)
            #expect(texts == (0..<100).map { "\($0)" })
        }
    }

    @Test func eachReturnedMessageIsToldFromItsRoutedNeighbours() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let publisher = try await channel.makePublisher()
            let messages = (0..<300).map { index in
                Message(to: index.isMultiple(of: 3) ? "no such queue" : queue, id: "\(index)")
            }
            let outcomes = await publisher.publish(messages)
            for (index, outcome) in outcomes.enumerated() {
                let isLost = index.isMultiple(of: 3)
                #expect(outcome == (isLost ? .returned(code: 312, text: "NO_ROUTE") : .confirmed))
            }
        }
    }

    @Test func whatIsNotMandatoryVanishesWithAConfirmation() async throws {
        try await Broker.withChannel { channel, queue in
            var message = Message(to: queue)
            message.isMandatory = false
            let outcome = try await channel.makePublisher().publish(message)
            #expect(outcome == .confirmed)
        }
    }

    @Test func aFullQueueRejects() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(
                Queue(queue, arguments: ["x-max-length": 2, "x-overflow": "reject-publish"])
            )
            let messages = (0..<6).map { Message(to: queue, "\($0)", id: "\($0)") }
            let outcomes = try await channel.makePublisher(window: 1).publish(messages)
            #expect(outcomes.filter { $0 == .confirmed }.count >= 2)
            #expect(outcomes.last == .rejected)
        }
    }

    @Test func aMessageThatAMQPCannotCarryFailsAlone() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let long = String(repeating: "x", count: 256)
            var wide = Message(to: queue)
            wide.properties.headers = ["big": .string(String(repeating: "x", count: 200_000))]
            let good = Message(to: queue, id: "1")
            let messages = [good, Message(to: long), Message(to: queue, id: long), wide, good]
            let outcomes = try await channel.makePublisher().publish(messages)
            #expect(outcomes[0] == .confirmed && outcomes[4] == .confirmed)
            #expect(outcomes[1...3].allSatisfy { $0.error?.code == .invalidArgument })
        }
    }

    @Test func anExchangeThatIsGoneFailsTheMessageAndTheChannelIsReplaced() async throws {
        try await Broker.withChannel { channel, queue in
            try await channel.declare(Queue(queue))
            let connection = try await Broker.connection()
            let publisher = try await connection.openPublisher(channels: 1)
            let lost = Message(exchange: "no such exchange", routingKey: "", body: [])
            for _ in 0..<5 {
                #expect(await publisher.publish(lost).error?.code == .notFound)
                #expect(await publisher.publish(Message(to: queue)) == .confirmed)
            }
            await connection.close()
        }
    }

    @Test func aPublisherThatIsClosedFails() async throws {
        try await Broker.withChannel { channel, queue in
            let publisher = try await channel.makePublisher()
            await publisher.close()
            #expect(await publisher.publish(Message(to: queue)).error?.code == .closed)
        }
    }

    @Test func whatIsUnconfirmedWhenTheConnectionIsLostFails() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        let connection = try await Connection.open(try proxy.endpoint(heartbeat: .seconds(30)))
        let publisher = try await connection.openPublisher(channels: 2, window: 4)
        proxy.mode = .frozen
        async let outcomes = publisher.publish((0..<20).map { Message(to: "any", id: "\($0)") })
        // A second caller's answer shows that the first one's messages have been taken.
        async let later = publisher.publish(Message(to: "any"))
        proxy.cut()
        let ended = await outcomes + [await later]
        #expect(ended.allSatisfy { $0.error?.code == .connectionLost })
        let after = await publisher.publish(Message(to: "any"))
        #expect(after == .failed(try #require(await connection.untilClosed())))
    }

    @Test func aBrokerThatConfirmsNothingTimesOut() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        let connection = try await Connection.open(try proxy.endpoint())
        let publisher = try await connection.openPublisher(confirmTimeout: .seconds(2))
        proxy.mode = .frozen
        #expect(await publisher.publish(Message(to: "any")).error?.code == .timedOut)
        // The confirmation that comes late is not taken for that of the next message.
        proxy.mode = .forwarding
        var message = Message(to: "any")
        message.isMandatory = false
        #expect(await publisher.publish(message) == .confirmed)
        await connection.close()
    }
}
