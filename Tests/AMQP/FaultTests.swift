import AMQP
import FaultyProxy
import Testing

/// What a connection does when the other side misbehaves below AMQP.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
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
