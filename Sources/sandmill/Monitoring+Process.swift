import Metrics
import Prometheus
import SandmillAPI
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillResults
import SandmillService

extension Configuration {
    /// What this process tells of itself.
    func monitoring(
        _ metrics: PrometheusFactory,
        _ database: SandmillRepository.Database,
        _ broker: SandmillRabbitMQ.Broker,
        checks: [HealthCheck],
        figures: [@Sendable () async throws -> [MetricFamily]]
    ) -> Monitoring {
        Monitoring(
            metrics: metrics,
            checks: checks,
            census: PostgreSQLQueueStatistics(database),
            queues: QueueInspector(broker: broker),
            pools: pools.map(\.name),
            figures: figures,
            version: Product.version
        )
    }
}

extension PrometheusFactory {
    /// What this process counts, from its first use on: an instrument that was made before counts nowhere.
    static let ofProcess: PrometheusFactory = {
        let factory = PrometheusFactory(
            help: MetricsCatalogue.help,
            buckets: MetricsCatalogue.buckets
        )
        MetricsSystem.bootstrap(factory)
        return factory
    }()
}

extension ResultsVolume {
    /// The room as gauges.
    var families: [MetricFamily] {
        [
            MetricFamily(
                "sandmill_results_free_bytes",
                .gauge,
                help: "What is free of the file system of the results, for the worker's user.",
                samples: [.init(value: Double(free.bytes))]
            ),
            MetricFamily(
                "sandmill_results_bytes",
                .gauge,
                help: "What is used of the file system of the results, by whomever.",
                samples: [.init(value: Double(used.bytes))]
            ),
        ]
    }
}

extension MetricFamily {
    /// What of results waits for the bucket.
    static func spool(of upload: UploadedResults) async -> MetricFamily {
        MetricFamily(
            "sandmill_results_spool_bytes",
            .gauge,
            help: "Results of this worker that are not in the bucket yet.",
            samples: [.init(value: Double(await upload.spooled.bytes))]
        )
    }

    /// What each pool of this worker runs, and what more it could.
    static func slots(of pools: [WarmPool]) async -> MetricFamily {
        var samples: [Sample] = []
        for pool in pools {
            let slots = await pool.slots()
            for (state, count) in [("busy", slots.busy), ("free", slots.free)] {
                let labels = [Label("pool", pool.name), Label("state", state)]
                samples.append(Sample(labels: labels, value: Double(count)))
            }
        }
        return MetricFamily(
            "sandmill_slots",
            .gauge,
            help: "How many programs this worker runs at once, and how many more it could.",
            samples: samples
        )
    }
}
