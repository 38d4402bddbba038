import AMQP
import FaultyProxy
import Foundation
import Logging
import SandmillEntity
import SandmillRabbitMQ
import SandmillService
import TestSupport
import Testing

/// An installation of the test's own on the real broker, and a proxy on the way to it.
///
/// Without a broker the test fails.
struct Installation {
    let broker: SandmillRabbitMQ.Broker
    let prefix: String
    let proxy: FaultyProxy
    /// A channel that does not go through the proxy.
    let channel: Channel
    /// Publishes on that channel.
    let publisher: Publisher

    static let pool = "py.3"

    /// Runs `body` with a declared topology, which is removed afterwards.
    static func with(
        maximumBody: Int = 1 << 20,
        _ body: (Installation) async throws -> Void
    ) async throws {
        let url = try #require(
            ProcessInfo.processInfo.environment["SANDMILL_BROKER_URL"],
            "these tests need RabbitMQ: SANDMILL_BROKER_URL is not set"
        )
        let endpoint = try Endpoint(url: url)
        let proxy = FaultyProxy(before: endpoint.addresses[0].port)
        defer { proxy.stop() }
        let prefix = "test-\(UUID().uuidString)"
        let connection = try await Connection.open(endpoint)
        let channel = try await connection.openChannel()
        let installation = Installation(
            broker: try SandmillRabbitMQ.Broker(
                url: "amqp://\(endpoint.user):\(endpoint.password)@127.0.0.1:\(proxy.port)",
                authorityFile: nil,
                topology: Topology(prefix: prefix, pools: [pool]),
                maximumBody: maximumBody,
                logger: .silent
            ),
            prefix: prefix,
            proxy: proxy,
            channel: channel,
            publisher: try await connection.openPublisher(channels: 1)
        )
        let result: Result<Void, any Error>
        do {
            try await installation.broker.declareTopology()
            result = .success(try await body(installation))
        } catch {
            result = .failure(error)
        }
        try await remove(prefix, by: try await connection.openChannel())
        await connection.close()
        try result.get()
    }

    func queue(_ level: Level) -> String {
        broker.topology.queue(pool: Self.pool, level: level)
    }

    /// Publishes a request as a client would, and waits for its confirmation.
    func request(_ id: String, _ level: Level = .normal, pool: String = pool) async throws {
        let message = Message(
            exchange: "\(prefix).submit",
            routingKey: "\(pool).\(level.rawValue)",
            properties: AMQP.MessageProperties(
                contentType: "application/json",
                headers: ["tenant": "t"],
                messageID: id
            ),
            body: Array("{}".utf8)
        )
        try #require(await publisher.publish(message) == .confirmed)
    }

    private static func remove(_ prefix: String, by channel: Channel) async throws {
        for level in Level.allCases {
            try await channel.delete(queue: "\(prefix).work.\(pool).\(level.rawValue)")
        }
        for name in ["batches", "dead", "unrouted"] {
            try await channel.delete(queue: "\(prefix).\(name)")
        }
        for name in ["submit", "unrouted", "dead", "events", "control"] {
            try await channel.delete(exchange: "\(prefix).\(name)")
        }
    }
}

/// What a consumer was given, to be waited for.
struct Inbox {
    let deliveries: AsyncStream<SandmillService.Delivery>
    private let continuation: AsyncStream<SandmillService.Delivery>.Continuation

    init() {
        (deliveries, continuation) = AsyncStream.makeStream()
    }

    /// What is passed to ``MessageSource/run(deliver:)``.
    var take: @Sendable (SandmillService.Delivery) -> Void {
        { [continuation] in continuation.yield($0) }
    }

    /// Waits for the next delivery.
    func next() async throws -> SandmillService.Delivery {
        try #require(await deliveries.first { _ in true })
    }
}

/// The error of a call that must fail because of the broker.
func failure<Value>(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async throws -> BrokerError {
    try #require(
        await #expect(throws: BrokerError.self, sourceLocation: sourceLocation) {
            _ = try await body()
        }
    )
}
