import Foundation
import Testing

@testable import AMQP

/// The real broker that most tests need; without it they fail.
enum Broker {
    static func endpoint() throws -> Endpoint {
        let url = try #require(
            ProcessInfo.processInfo.environment["SANDMILL_BROKER_URL"],
            "these tests need RabbitMQ: SANDMILL_BROKER_URL is not set"
        )
        return try Endpoint(url: url)
    }

    static func connection(
        name: String = "amqp-tests",
        bodyLimit: Int = 1 << 20
    ) async throws -> Connection {
        try await Connection.open(
            try endpoint(),
            options: Connection.Options(name: name, bodyLimit: bodyLimit)
        )
    }

    /// Runs `body` on a channel of its own, with the name of a queue that is deleted afterwards.
    static func withChannel(
        bodyLimit: Int = 1 << 20,
        _ body: (Channel, _ queue: String) async throws -> Void
    ) async throws {
        let connection = try await connection(bodyLimit: bodyLimit)
        let queue = newName()
        let result = await Result { try await body(try await connection.openChannel(), queue) }
        try await connection.openChannel().delete(queue: queue)
        await connection.close()
        try result.get()
    }

    static func newName() -> String {
        "amqp-test-\(UUID().uuidString)"
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// The error of a call that must fail with one of this module.
func failure<Value>(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async throws -> AMQPError {
    try #require(
        await #expect(throws: AMQPError.self, sourceLocation: sourceLocation) {
            _ = try await body()
        }
    )
}

extension Channel {
    /// A publisher on one more channel of the same connection.
    func makePublisher(window: Int = 256) async throws -> Publisher {
        try await connection.openPublisher(channels: 1, window: window)
    }
}

extension Message {
    /// A mandatory message for a queue, through the default exchange.
    init(to queue: String, _ text: String = "", id: String? = nil) {
        var properties = MessageProperties(contentType: "text/plain", messageID: id)
        properties.timestamp = 1_700_000_000
        self.init(exchange: "", routingKey: queue, properties: properties, body: Array(text.utf8))
    }
}

extension Delivery {
    /// A body that is complete, as text.
    var text: String? {
        guard case .complete(let bytes) = body else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Deliveries {
    /// The next `count` deliveries.
    func prefix(_ count: Int) async throws -> [Delivery] {
        var deliveries: [Delivery] = []
        for try await delivery in self {
            deliveries.append(delivery)
            if deliveries.count == count { break }
        }
        return deliveries
    }
}

extension PublishOutcome {
    /// Why it failed, if it failed.
    var error: AMQPError? {
        guard case .failed(let error) = self else { return nil }
        return error
    }
}

extension FieldValue {
    /// The tables of an array, without anything else in it.
    var tables: [FieldTable] {
        guard case .array(let values) = self else { return [] }
        return values.compactMap { value in
            guard case .table(let table) = value else { return nil }
            return table
        }
    }
}
