import Foundation
import Logging
import Prometheus
import SandmillAPI
import SandmillConfiguration
import SandmillDocker
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillResults
import SandmillService
import ServiceLifecycle

/// The parts of a worker, each with the adapters that it needs.
struct WorkerParts {
    let ledger: ExecutionLedger
    private let configuration: Configuration
    private let adapters: Adapters
    private let results: ResultsDirectory
    /// What brings results elsewhere; nil where they stay in the directory.
    private let upload: UploadedResults?
    private let engine: DockerSandboxEngine
    private let logger: Logger
    private let running = RunningExecutions()
    private let lease: WorkerLease
    private let pools: [WarmPool]
    private let supervisor: WorkerSupervisor
    /// What runs the requests of each pool, by its name.
    let queueWorkers: [String: QueueWorker]

    /// Puts them together.
    init(
        _ configuration: Configuration,
        _ adapters: Adapters,
        _ results: ResultsDirectory,
        _ upload: UploadedResults?,
        _ engine: DockerSandboxEngine,
        logger: Logger
    ) {
        self.configuration = configuration
        self.adapters = adapters
        self.results = results
        self.upload = upload
        self.engine = engine
        self.logger = logger
        ledger = ExecutionLedger(
            store: adapters.executions,
            letters: adapters.letters,
            results: upload ?? results,
            relay: adapters.relay,
            logger: logger
        )
        pools = configuration.pools.map { configuration.pool($0, engine: engine, logger: logger) }
        lease = WorkerLease()
        supervisor = WorkerSupervisor(
            worker: configuration.worker.id,
            version: Product.version,
            cluster: configuration.cluster,
            registry: PostgreSQLWorkerRegistry(adapters.database),
            ledger: ledger,
            lease: lease,
            pools: pools,
            running: running,
            runtimes: Dictionary(
                uniqueKeysWithValues: configuration.pools.map { ($0.name, $0.runtimes.map(\.name)) }
            ),
            engine: engine,
            logger: logger
        )
        let (ledger, lease, running) = (ledger, lease, running)
        queueWorkers = Dictionary(
            uniqueKeysWithValues: zip(configuration.pools, pools).map { settings, pool in
                let worker = QueueWorker(
                    configuration.queueWorker(settings, publishers: adapters.broker.publishers),
                    decoder: SubmissionDecoder(pool: settings.requests(configuration.retention)),
                    source: QueueConsumer.requests(
                        of: settings.name,
                        broker: adapters.broker,
                        prefetch: configuration.broker.prefetch
                    ),
                    lease: lease,
                    ledger: ledger,
                    pool: pool,
                    results: upload ?? results,
                    running: running,
                    tracer: adapters.tracer,
                    logger: logger
                )
                return (settings.name, worker)
            }
        )
    }

    /// What the worker tells of itself.
    func monitoring(_ metrics: PrometheusFactory, _ completions: Completions?) -> Monitoring {
        configuration.monitoring(
            metrics,
            adapters.database,
            adapters.broker,
            checks: [
                .database(adapters.database), .broker(adapters.publisher, completions),
                .engine(engine), .results(ledger.resultsHealth), .ledger(ledger),
            ],
            figures: [
                { [results] in try await results.volume().families },
                { [pools] in [await .slots(of: pools)] },
                { [upload] in
                    guard let upload else { return [] }
                    return [await .spool(of: upload)]
                },
            ]
        )
    }

    /// Enters the worker in the registry, and removes what an earlier process of it has left.
    func register() async throws {
        try await supervisor.register()
        try await supervisor.keepLease {
            for failure in try await results.removeLeftovers() {
                logger.warning(
                    "What an earlier process left in the staging area could not be removed.",
                    metadata: [LogKey.reason: "\(failure.message)"]
                )
            }
            try await engine.removeOrphans(of: configuration.worker.id)
        }
    }

    /// What runs, in the order in which it starts.
    func services(_ monitoring: Monitoring) -> [any Service] {
        let decidedEnds = CancellationWatcher(
            worker: configuration.worker.id,
            cancellations: adapters.cancellations,
            running: running,
            logger: logger
        )
        let batches = BatchReceiver(
            source: QueueConsumer.batches(broker: adapters.broker),
            admissions: adapters.admissions,
            ledger: ledger,
            workers: queueWorkers,
            lease: lease,
            publishers: adapters.broker.publishers,
            maximumBody: configuration.broker.maximumBody,
            logger: logger
        )
        let control = ControlListener(
            source: EventConsumer(broker: adapters.broker, exchange: .control),
            sweeper: adapters.sweeper,
            decidedEnds: decidedEnds,
            workers: queueWorkers,
            supervisor: supervisor,
            logger: logger
        )
        let drain = DeadLetterDrain(
            source: QueueConsumer.undeliverable(broker: adapters.broker),
            ledger: ledger,
            lease: lease,
            publishers: adapters.broker.publishers,
            logger: logger
        )
        let server = configuration.worker.listen.map { address in
            MonitoringServer(
                host: address.host,
                port: address.port,
                monitoring: monitoring,
                logger: logger
            )
        }
        // It ends last of all: what it uploads the others have put in place.
        let uploads: [any Service] = upload.map { [$0] } ?? []
        let servers: [any Service] = server.map { [$0] } ?? []
        let workers = Array(queueWorkers.values)
        let core: [any Service] = [ledger, supervisor, decidedEnds] + pools + workers
        return uploads + core + [drain, batches, control, monitoring] + servers
    }
}

extension Configuration {
    /// The sandboxes of a pool.
    fileprivate func pool(
        _ settings: PoolConfiguration,
        engine: DockerSandboxEngine,
        logger: Logger
    ) -> WarmPool {
        var sandboxes = settings.sandboxes
        sandboxes.writeRate = resultsTenantRate
        sandboxes.furtherStarts = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        return WarmPool(
            sandboxes,
            of: settings.specification,
            worker: worker.id,
            engine: engine,
            logger: logger
        )
    }
}
