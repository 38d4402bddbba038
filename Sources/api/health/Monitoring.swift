public import Prometheus
internal import SandmillEntity
public import SandmillService
public import ServiceLifecycle

/// What a process tells of itself, and of its installation, to operators and to Prometheus.
///
/// All who ask share what is read: the checks are made while ``run()`` does, and figures of servers are read
/// when somebody asks, at most once a second. A server that is away takes only its own figures along.
public struct Monitoring: Service {
    /// Figures that are read for a scrape.
    public typealias Figures = SharedReading<[MetricFamily]>

    /// Counts what there is to do, by the record store.
    public let census: SharedReading<QueueStatistics>
    /// Tells what waits in the broker.
    public let queues: SharedReading<[BrokerQueue]>
    /// What the pools are called.
    public let pools: [String]
    let readiness: Readiness
    private let metrics: PrometheusFactory
    private let figures: [Figures]
    private let version: String

    /// Puts it together.
    ///
    /// - Parameters:
    ///   - metrics: What this process counts.
    ///   - checks: What has to work, by name.
    ///   - census: Counts what there is to do.
    ///   - queues: Tells what waits in the broker.
    ///   - pools: What the pools are called, which have figures also while there is nothing to count.
    ///   - figures: What else a scrape shows, each read by itself.
    ///   - version: The version of the program.
    public init(
        metrics: PrometheusFactory,
        checks: [HealthCheck],
        census: any QueueStatisticsSource,
        queues: any BrokerQueueSource,
        pools: [String],
        figures: [@Sendable () async throws -> [MetricFamily]] = [],
        version: String
    ) {
        self.metrics = metrics
        self.pools = pools
        self.version = version
        self.census = SharedReading { try await census.census() }
        self.queues = SharedReading { try await queues.queues() }
        self.figures = figures.map { SharedReading($0) }
        readiness = Readiness(checks)
    }

    /// Makes the checks until a graceful shutdown.
    public func run() async throws {
        try await readiness.run()
    }

    /// Everything that a scrape shows, by name.
    func scrape() async -> [MetricFamily] {
        async let census = try? census.value()
        async let queues = try? queues.value()
        var families = metrics.collect() + ProcessFigures.families()
        families.append(
            MetricFamily(
                "sandmill_build_info",
                .gauge,
                help: "The version of the program.",
                samples: [.init(labels: [.init("version", version)], value: 1)]
            )
        )
        families += readiness.families()
        for figures in figures { families += (try? await figures.value()) ?? [] }
        let counted = await census
        let waiting = await queues
        families.append(.storeIsUp(counted != nil))
        if let counted { families += counted.families(pools: pools, queues: waiting ?? []) }
        if let waiting { families.append(.messagesReady(waiting)) }
        return families.sorted { $0.name < $1.name }
    }
}

extension Readiness {
    private static let servers: Set = ["broker", "database", "engine"]

    /// What works, as gauges.
    fileprivate func families() -> [MetricFamily] {
        let findings = findings()
        func samples(_ label: String, _ findings: [Finding]) -> [MetricFamily.Sample] {
            findings.map {
                .init(labels: [.init(label, $0.name)], value: $0.failure == nil ? 1 : 0)
            }
        }
        return [
            MetricFamily(
                "sandmill_connection_up",
                .gauge,
                help: "Whether a server can be reached.",
                samples: samples("to", findings.filter { Self.servers.contains($0.name) })
            ),
            MetricFamily(
                "sandmill_check_up",
                .gauge,
                help: "Whether what has to work does, as /readyz tells with its reason.",
                samples: samples("check", findings)
            ),
        ]
    }
}

extension MetricFamily {
    /// What the broker has not delivered, of the requests of pools.
    fileprivate static func messagesReady(_ queues: [BrokerQueue]) -> MetricFamily {
        MetricFamily(
            "sandmill_broker_messages_ready",
            .gauge,
            help: "Messages of requests that the broker has and has not delivered.",
            samples: queues.compactMap { queue in
                guard let pool = queue.pool, let level = queue.level else { return nil }
                return .init(
                    labels: [.init("pool", pool), .init("level", level.rawValue)],
                    value: Double(queue.ready)
                )
            }
        )
    }
}
