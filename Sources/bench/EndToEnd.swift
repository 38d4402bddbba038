import Foundation
import Logging
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillService

/// From the publishing of a request to the receipt of its completion event, with every record and
/// result durable in between.
struct EndToEnd {
    private static let window = 256

    /// Executions that go in one message.
    struct Batch {
        let count: Int
        let tenant: String
        let level: Level
    }

    let events: EventConsumer
    private let publisher: ConfirmedPublisher
    private let pool: String
    private let body: [UInt8]

    init(_ configuration: Configuration, logger: Logger) throws {
        let broker = try Self.broker(configuration, logger: logger)
        publisher = ConfirmedPublisher(broker: broker)
        events = EventConsumer(broker: broker)
        pool = configuration.pools[0].name
        body = RequestDraft(
            entrypoint: "main.py",
            files: [RequestDraft.File(path: "main.py", content: Array(Job.source.utf8))]
        ).encoded()
    }

    /// The broker of a configuration; only what is amiss is logged.
    static func broker(_ configuration: Configuration, logger: Logger) throws(BrokerError) -> Broker
    {
        var logger = logger
        logger.logLevel = .warning
        return try Broker(
            url: configuration.broker.url,
            authorityFile: configuration.broker.caFile,
            topology: Topology(
                prefix: configuration.broker.prefix,
                pools: configuration.pools.map(\.name)
            ),
            maximumBody: Int(configuration.broker.maximumBody.bytes),
            logger: logger
        )
    }

    /// Keeps a connection for publishing while `body` runs.
    func connected(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// Publishes with confirms, and counts completion events until each job has one.
    func throughput(jobs: Int) async throws -> Double {
        try await events.withSubscription(to: ["execution.#"]) { subscription in
            try await jobsPerSecond(jobs) {
                var missing = Set((0..<jobs).map { _ in UUID() })
                let entries = missing.map { entry($0) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await publish(entries) }
                    for try await message in subscription.events {
                        missing.remove(try succeeded(message))
                        if missing.isEmpty { break }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    /// Publishes one job at a time to a worker that has nothing else to do.
    func idleLatency(jobs: Int) async throws -> Latency {
        try await events.withSubscription(to: ["execution.#"]) { subscription in
            var latency = Latency()
            var job = entry(UUID())
            var start = ContinuousClock.now
            try await publish([job])
            for try await message in subscription.events {
                guard try succeeded(message) == job.id else { continue }
                latency.record(since: start)
                if latency.count == jobs { break }
                job = entry(UUID())
                start = .now
                try await publish([job])
            }
            return latency
        }
    }

    func entry(
        _ id: UUID,
        tenant: String = "bench",
        level: Level = .normal
    ) -> Submitter.Entry {
        Submitter.Entry(id: id, pool: pool, level: level, tenant: tenant, body: body)
    }

    /// Publishes a batch.
    func publish(_ batch: Batch) async throws {
        let document: JSONValue = .object([
            "pool": .string(pool),
            "level": .string(batch.level.rawValue),
            "defaults": .object(["source": .string(Job.source)]),
            "executions": .array(Array(repeating: .object([:]), count: batch.count)),
        ])
        let message = OutboundMessage(
            exchange: .submit,
            routingKey: RoutingKey.batch,
            properties: MessageProperties(
                contentType: "application/json",
                messageID: UUID().text,
                headers: ["tenant": batch.tenant]
            ),
            body: Array(try JSONEncoder().encode(document)),
            isMandatory: true
        )
        guard await publisher.publish([message]) == [.confirmed] else {
            throw BrokerError(.unavailable, "a batch of the benchmark was not confirmed")
        }
    }

    /// Publishes requests with confirms.
    func publish(_ entries: [Submitter.Entry]) async throws {
        let submitter = Submitter(publisher: publisher)
        for start in stride(from: 0, to: entries.count, by: Self.window) {
            let window = Array(entries[start..<min(start + Self.window, entries.count)])
            guard await submitter.submit(window).allSatisfy({ $0 == .confirmed }) else {
                throw BrokerError(.unavailable, "a request of the benchmark was not confirmed")
            }
        }
    }

    /// The id of the execution that an event announces.
    private func succeeded(_ message: EventMessage) throws -> UUID {
        let result = try RecordedResult(message)
        guard result.ending.stdout?.preview == Job.output else {
            throw BrokerError(.unavailable, "a job of the benchmark failed")
        }
        return result.id
    }
}
