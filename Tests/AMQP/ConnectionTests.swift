import AMQP
import FaultyProxy
import Testing

@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
    @Test func aConnectionOpensAndCloses() async throws {
        let connection = try await Broker.connection()
        await connection.close()
        #expect(await connection.untilClosed()?.code == .closed)
        #expect(try await failure { try await connection.openChannel() }.code == .closed)
    }

    @Test func aWrongPasswordIsAClearErrorThatDoesNotShowIt() async throws {
        var endpoint = try Broker.endpoint()
        endpoint.password = "s3cr3t"
        let error = try await failure { [endpoint] in try await Connection.open(endpoint) }
        #expect(error.code == .accessRefused)
        #expect(error.replyCode == 403)
        #expect(error.message.contains("ACCESS_REFUSED"))
        #expect(!"\(error)".contains("s3cr3t"))
        #expect(!error.isRetryable)
    }

    @Test func aMissingVirtualHostIsAClearError() async throws {
        var endpoint = try Broker.endpoint()
        endpoint.virtualHost = "no-such-host"
        let error = try await failure { [endpoint] in try await Connection.open(endpoint) }
        #expect(error.code == .virtualHostRefused)
        #expect(error.message.contains("no-such-host"))
        #expect(!error.isRetryable)
    }

    @Test func nobodyAtThePortIsRetryable() async throws {
        let error = try await failure {
            try await Connection.open(Endpoint(host: "127.0.0.1", port: 1))
        }
        #expect(error.code == .unreachable)
        #expect(error.message.contains("127.0.0.1:1"))
        #expect(error.isRetryable)
    }

    @Test func theNextNodeIsTriedWhenOneIsAwayOrSaysNothing() async throws {
        let silent = try FaultyProxy.beforeBroker()
        defer { silent.stop() }
        silent.mode = .frozen
        var endpoint = try Broker.endpoint()
        endpoint.addresses.append(Endpoint.Address(host: "127.0.0.1", port: 1))
        endpoint.addresses.append(Endpoint.Address(host: "127.0.0.1", port: silent.port))
        endpoint.connectTimeout = .seconds(1)
        // In any order: some of these begin at each.
        for _ in 1...8 { try await Connection.open(endpoint).close() }
    }

    @Test func connectionsAreSpreadOverTheNodes() async throws {
        let proxies = try (0..<2).map { _ in try FaultyProxy.beforeBroker() }
        defer { for proxy in proxies { proxy.stop() } }
        var endpoint = try proxies[0].endpoint()
        endpoint.addresses.append(Endpoint.Address(host: "127.0.0.1", port: proxies[1].port))
        var connections: [Connection] = []
        for _ in 1...32 { connections.append(try await Connection.open(endpoint)) }
        proxies[0].cut()
        var cut = 0
        for connection in connections where (try? await connection.openChannel()) == nil {
            cut += 1
        }
        #expect(1...31 ~= cut)
        for connection in connections { await connection.close() }
    }

    @Test func ofSeveralNodesTheFailureIsToldThatOnlyAPersonCanMend() async throws {
        var endpoint = try Broker.endpoint()
        endpoint.addresses.append(Endpoint.Address(host: "127.0.0.1", port: 1))
        endpoint.password = "wrong"
        let error = try await failure { [endpoint] in try await Connection.open(endpoint) }
        #expect(error.code == .accessRefused)
    }

    @Test func aPeerThatSaysNothingTimesOut() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        proxy.mode = .frozen
        var endpoint = try proxy.endpoint()
        endpoint.connectTimeout = .milliseconds(300)
        let error = try await failure { [endpoint] in try await Connection.open(endpoint) }
        #expect(error.code == .timedOut)
    }

    @Test func aLostConnectionFailsEveryPendingCallAndEndsEveryConsumer() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        let connection = try await Connection.open(try proxy.endpoint(heartbeat: .seconds(30)))
        let channel = try await connection.openChannel()
        let queue = try await channel.declare(Queue("", isDurable: false, isExclusive: true)).name
        let consumer = try await channel.consume(queue: queue, prefetch: 1)
        proxy.mode = .frozen
        async let pending = failure { try await channel.checkQueue(queue) }
        async let ended = failure { for try await _ in consumer.deliveries {} }
        async let reason = connection.untilClosed()
        proxy.cut()
        #expect(try await pending.code == .connectionLost)
        #expect(try await ended.code == .connectionLost)
        #expect(await reason?.code == .connectionLost)
        #expect(channel.closeReason?.isRetryable == true)
    }

    @Test func aCallWithoutAnAnswerTimesOut() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        let options = Connection.Options(callTimeout: .seconds(2))
        let connection = try await Connection.open(try proxy.endpoint(), options: options)
        let channel = try await connection.openChannel()
        proxy.mode = .frozen
        let error = try await failure { try await channel.checkQueue("any") }
        #expect(error.code == .timedOut)
        // The answer that comes late belongs to the call that gave up.
        proxy.mode = .forwarding
        #expect(try await failure { try await channel.checkQueue("other") }.code == .notFound)
        await connection.close()
    }

    @Test func everyConnectionAsksTheBrokerBeforeItCloses() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        await (try await Broker.connection()).close()
        let options = Connection.Options(callTimeout: .milliseconds(300))
        let connection = try await Connection.open(try proxy.endpoint(), options: options)
        proxy.mode = .frozen
        let time = await ContinuousClock().measure { await connection.close() }
        #expect(time >= .milliseconds(300))
    }

    @Test func waitingForTheEndCanBeCancelled() async throws {
        let connection = try await Broker.connection()
        let waiting = Task { await connection.untilClosed() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        await connection.close()
    }

    @Test func anIdleConnectionLivesByItsHeartbeats() async throws {
        var endpoint = try Broker.endpoint()
        endpoint.heartbeat = .seconds(3)
        let connection = try await Connection.open(endpoint)
        let lifetime = Task { await connection.untilClosed() }
        // The broker ends a connection after two intervals of silence, and so does this side.
        try await Task.sleep(for: .seconds(10))
        lifetime.cancel()
        #expect(await lifetime.value == nil)
        try await connection.openChannel().declare(Queue("", isExclusive: true))
        await connection.close()
    }

    @Test func anAbandonedConnectionIsClosed() async throws {
        let proxy = try FaultyProxy.beforeBroker()
        defer { proxy.stop() }
        do {
            let connection = try await Connection.open(try proxy.endpoint())
            _ = try await connection.openChannel()
        }
        _ = await proxy.clientEnds.first { true }
    }

    @Test func manyChannelsShareAConnectionAndTheirNumbersAreUsedAgain() async throws {
        let connection = try await Broker.connection()
        for _ in 0..<3 {
            var channels: [Channel] = []
            for _ in 0..<50 { channels.append(try await connection.openChannel()) }
            for channel in channels { await channel.close() }
            let error = try await failure { try await channels[0].checkQueue("any") }
            #expect(error.code == .closed)
        }
        await connection.close()
    }
}
