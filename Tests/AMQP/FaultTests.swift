import FaultyProxy
import Testing

@testable import AMQP

/// What a connection does when the other side misbehaves below AMQP.
@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    @Test func aPeerThatVanishedIsFoundWithinTwoHeartbeats() async throws {
        try await withProxy { proxy in
            let connection = try await Connection.open(try proxy.endpoint(heartbeat: .seconds(2)))
            proxy.mode = .frozen
            let clock = ContinuousClock()
            let time = try await clock.measure {
                let reason = try #require(await connection.untilClosed())
                #expect(reason.code == .connectionLost)
                #expect(reason.message.contains("two heartbeats"))
            }
            #expect(time < .seconds(10))
        }
    }

    /// Without the watchdog librabbitmq would hear heartbeats and wait for ever.
    @Test func aWriteThatHangsIsEndedByTheWatchdog() async throws {
        try await withProxy { proxy in
            let connection = try await Connection.open(try proxy.endpoint(heartbeat: .seconds(2)))
            let publisher = try await connection.openPublisher(channels: 1)
            proxy.mode = .deaf
            let outcomes = await publisher.publish(tooMuchForEverySocketBuffer)
            #expect(outcomes.allSatisfy { $0.error?.code == .connectionLost })
            #expect(await connection.untilClosed()?.message.contains("watchdog") == true)
        }
    }

    /// Here librabbitmq 0.11 waits for a reply without a time limit, once its own has passed.
    @Test func aPeerThatVanishedAmidAWriteIsFound() async throws {
        try await withProxy { proxy in
            let connection = try await Connection.open(try proxy.endpoint(heartbeat: .seconds(2)))
            let publisher = try await connection.openPublisher(channels: 1)
            proxy.mode = .frozen
            let outcomes = await publisher.publish(tooMuchForEverySocketBuffer)
            #expect(outcomes.allSatisfy { $0.error?.code == .connectionLost })
            #expect(await connection.untilClosed()?.message.contains("watchdog") == true)
        }
    }

    @Test func aConnectionThatIsCutIsFoundAtOnce() async throws {
        try await withProxy { proxy in
            let connection = try await Connection.open(try proxy.endpoint(heartbeat: .seconds(60)))
            proxy.cut()
            #expect(await connection.untilClosed()?.code == .connectionLost)
        }
    }

    @Test func anOpeningThatIsAnsweredTooLateLeavesNoChannel() async throws {
        try await withProxy { proxy in
            let connection = try await Connection.open(
                try proxy.endpoint(heartbeat: .seconds(8)),
                options: Connection.Options(callTimeout: .milliseconds(500))
            )
            let before = await connection.channels.count
            proxy.mode = .frozen
            #expect(try await failure { try await connection.openChannel() }.code == .timedOut)
            proxy.mode = .forwarding
            try await eventually { await connection.channels.count == before }
            await connection.close()
        }
    }

    @Test func aLaneWhoseNewChannelIsOpenedTooLateGetsAnother() async throws {
        try await withProxy { proxy in
            let connection = try await Connection.open(
                try proxy.endpoint(heartbeat: .seconds(8)),
                options: Connection.Options(callTimeout: .milliseconds(500))
            )
            let publisher = try await connection.openPublisher(channels: 1)
            let channels = await connection.channels.count
            let lost = Message(exchange: Broker.newName(), routingKey: "", body: [])
            #expect(await publisher.publish(lost).error?.code == .notFound)
            proxy.mode = .frozen
            async let outcome = publisher.publish(Message(exchange: "", routingKey: "x", body: []))
            // It has given up one channel, and asked for another.
            try await eventually { await connection.channels.count > channels }
            proxy.mode = .forwarding
            let nowhere = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
            #expect(await outcome == nowhere)
            try await eventually { await connection.channels.count == channels }
            #expect(
                await publisher.publish(Message(exchange: "", routingKey: "x", body: []))
                    == nowhere
            )
            await connection.close()
        }
    }

    /// Waits for what nobody announces, but not so busily that the connection's thread does nothing else.
    private func eventually(_ condition: () async -> Bool) async throws {
        while await !condition() { try await Task.sleep(for: .milliseconds(10)) }
    }

    private var tooMuchForEverySocketBuffer: [Message] {
        let body = [UInt8](repeating: 0, count: 1 << 20)
        return Array(repeating: Message(exchange: "", routingKey: "any", body: body), count: 64)
    }

    /// What hangs is cut after a while, so that it fails instead.
    private func withProxy(_ body: (FaultyProxy) async throws -> Void) async throws {
        let proxy = try FaultyProxy.beforeBroker()
        let limit = Task {
            try await Task.sleep(for: .seconds(30))
            proxy.cut()
        }
        defer {
            limit.cancel()
            proxy.stop()
        }
        try await body(proxy)
    }
}
