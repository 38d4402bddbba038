import FoundationEssentials
import Logging
import Prometheus
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillResults
import SandmillService
import TestSupport

@testable import SandmillAPI

extension Gateway {
    /// A door with everything behind it, none of which is connected to anything.
    static func detached() throws -> Gateway {
        let logger = Logger.silent
        let database = Database(
            url: "postgresql://127.0.0.1:1/none",
            schema: "none",
            connections: 1,
            applicationName: "tests"
        )
        let broker = try Broker(
            url: "amqp://127.0.0.1:1/",
            authorityFile: nil,
            topology: Topology(prefix: "none", pools: ["python"]),
            maximumBody: 1,
            logger: logger
        )
        let store = PostgreSQLExecutionStore(database, cluster: "none")
        let relay = Relay(
            worker: "none",
            outbox: PostgreSQLOutbox(database, cluster: "test"),
            publisher: ConfirmedPublisher(broker: broker),
            logger: logger
        )
        let files = try OutputFiles(root: "/")
        return Gateway(
            settings: .sample,
            services: GatewayServices(
                admissions: Admissions(
                    worker: "none",
                    decoders: [:],
                    store: store,
                    relay: relay
                ),
                cancellations: Cancellations(
                    store: PostgreSQLCancellationStore(database),
                    relay: nil
                ),
                reruns: Reruns(store: store, decoders: [:], relay: nil),
                bulkActions: BulkActions(
                    store: PostgreSQLBulkActions(database),
                    executions: store,
                    letters: PostgreSQLDeadLetterStore(database, cluster: "none")
                ),
                audit: PostgreSQLAuditLog(database),
                records: store,
                lists: store,
                letters: PostgreSQLDeadLetterStore(database, cluster: "none"),
                files: files,
                follower: OutputFollower(records: store, source: files),
                completions: Completions(
                    source: EventConsumer(broker: broker),
                    records: store,
                    logger: logger
                ),
                directory: TokenDirectory(store: FakeTokens(), logger: logger),
                recentEnds: PostgreSQLRecentEnds(database),
                traces: store,
                requests: store,
                tokens: FakeTokens(),
                workers: PostgreSQLWorkerDirectory(database),
                registry: PostgreSQLWorkerRegistry(database),
                lanes: PostgreSQLQueueStatistics(database),
                relay: nil,
                monitoring: Monitoring(
                    metrics: PrometheusFactory(),
                    checks: [],
                    census: PostgreSQLQueueStatistics(database),
                    queues: QueueInspector(broker: broker),
                    pools: ["python"],
                    version: "0"
                )
            ),
            logger: logger
        )
    }
}

extension GatewaySettings {
    /// Settings of a door on loopback.
    static let sample = GatewaySettings(
        host: "127.0.0.1",
        port: 0,
        limits: Limits(
            body: .kibibytes(64),
            header: .kibibytes(8),
            connections: 10,
            idle: .seconds(10),
            transfer: .seconds(10),
            requestsPerSecond: 10,
            wait: .seconds(10),
            maximumWait: .seconds(20),
            waits: 2,
            streams: 2
        ),
        pools: ["python", "grading"]
    )
}
