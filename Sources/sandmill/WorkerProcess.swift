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
import UnixSignals

/// Puts a worker together: every port with the adapter that the configuration names.
struct WorkerProcess {
    private let configuration: Configuration
    private let logger: Logger

    init(_ configuration: Configuration) {
        self.configuration = configuration
        logger = configuration.logger("sandmill")
    }

    /// Works until SIGTERM or SIGINT, then finishes what is claimed.
    ///
    /// With a `gateway` the HTTP gateway runs in the same process. Servers that are away at the start
    /// are waited for.
    func run(with gateway: GatewayProcess? = nil) async throws {
        let metrics = PrometheusFactory.ofProcess
        let readers = try configuration.findResultsGroup()
        let wait = StartWait(limit: configuration.startTimeout, logger: logger)
        let broker = try configuration.makeBroker(logger: "sandmill.broker")
        try await wait(for: "broker") { try await broker.declareTopology() }
        let database = configuration.makeDatabase()
        defer { database.close() }
        try await wait(for: "database") { try await Migrator(database).check() }
        let results = try ResultsDirectory(
            root: configuration.resultsRoot,
            worker: configuration.worker.id,
            reserve: configuration.resultsReserve,
            group: readers
        )
        let engine = try await wait(for: "engine") { try await self.engine() }

        let publisher = ConfirmedPublisher(broker: broker)
        let relay = Relay(
            worker: configuration.worker.id,
            outbox: PostgreSQLOutbox(database),
            publisher: publisher,
            logger: logger
        )
        let store = PostgreSQLExecutionStore(database, cluster: configuration.cluster)
        let ledger = ExecutionLedger(
            store: store,
            letters: PostgreSQLDeadLetterStore(database, cluster: configuration.cluster),
            results: results,
            relay: relay,
            logger: logger
        )
        // Where they cannot be written it starts all the same, and claims nothing until they can.
        _ = await ledger.resultsHealth.failure()
        let running = RunningExecutions()
        let cancellations = PostgreSQLCancellationStore(database)
        let sweeper = Sweeper(
            name: configuration.worker.id,
            cluster: configuration.cluster,
            executions: store,
            cancellations: cancellations,
            relay: relay,
            messageTimeout: configuration.broker.messageTimeout,
            logger: logger
        )
        let decidedEnds = CancellationWatcher(
            worker: configuration.worker.id,
            cancellations: cancellations,
            running: running,
            logger: logger
        )
        let admissions = Admissions(
            worker: configuration.worker.id,
            decoders: configuration.decoders,
            store: store,
            relay: relay
        )
        let completions = gateway?.completions(broker, store)
        let pools = configuration.pools.map { pool(of: $0, engine: engine) }
        let monitoring = configuration.monitoring(
            metrics,
            database,
            broker,
            checks: [
                .database(database), .broker(publisher, completions), .engine(engine),
                .results(ledger.resultsHealth), .ledger(ledger),
            ],
            figures: [
                { try await results.volume().families }, { [await .slots(of: pools)] },
            ]
        )
        let lease = WorkerLease()
        let supervisor = WorkerSupervisor(
            worker: configuration.worker.id,
            version: Product.version,
            cluster: configuration.cluster,
            registry: PostgreSQLWorkerRegistry(database),
            ledger: ledger,
            lease: lease,
            pools: pools,
            engine: engine,
            logger: logger
        )
        // What may be refused is asked before others are told that this worker is there.
        var gatewayServices: [any Service] = []
        if let gateway, let completions {
            gatewayServices = try await gateway.services(
                database,
                relay,
                admissions,
                completions,
                monitoring
            )
        }
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

        let workers = zip(configuration.pools, pools).map { settings, pool in
            worker(
                settings,
                pool: pool,
                broker: broker,
                lease: lease,
                ledger: ledger,
                results: results,
                running: running
            )
        }
        let workersByPool = Dictionary(
            uniqueKeysWithValues: zip(configuration.pools.map(\.name), workers)
        )
        let batches = BatchReceiver(
            source: BatchConsumer(broker: broker),
            admissions: admissions,
            ledger: ledger,
            workers: workersByPool,
            lease: lease,
            publishers: broker.publishers,
            logger: logger
        )
        let control = ControlListener(
            source: EventConsumer(broker: broker, exchange: .control),
            sweeper: sweeper,
            decidedEnds: decidedEnds,
            workers: workersByPool,
            logger: logger
        )
        let drain = DeadLetterDrain(
            source: UndeliverableConsumer(broker: broker),
            ledger: ledger,
            lease: lease,
            logger: logger
        )
        let monitoringServices: [any Service] =
            [monitoring]
            + (configuration.worker.listen.map { address in
                [
                    MonitoringServer(
                        host: address.host,
                        port: address.port,
                        monitoring: monitoring,
                        logger: logger
                    )
                ]
            } ?? [])
        // They end in the opposite order: nothing stops before what depends on it.
        let services: [any Service] =
            [publisher, relay, ledger, admissions, supervisor, sweeper, decidedEnds] + pools
            + workers + [drain, batches, control] + monitoringServices + gatewayServices
            + [StartNotice(worker: configuration.worker.id, logger: logger)]
        var group = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = configuration.worker.drainTimeout
        try await ServiceGroup(configuration: group).run()
        logger.info("The worker has finished what it had claimed.")
    }

    private func engine() async throws -> DockerSandboxEngine {
        let engine = try configuration.makeSandboxEngine(logger: logger)
        for warning in try await engine.warnings() {
            logger.warning(
                "The container engine, or its host, leaves something open.",
                metadata: ["why": "\(warning)"]
            )
        }
        return engine
    }

    private func pool(of settings: PoolConfiguration, engine: DockerSandboxEngine) -> WarmPool {
        var sandboxes = settings.sandboxes
        sandboxes.writeRate = configuration.resultsTenantRate
        return WarmPool(
            sandboxes,
            of: settings.specification,
            worker: configuration.worker.id,
            engine: engine,
            logger: logger
        )
    }

    private func worker(
        _ settings: PoolConfiguration,
        pool: WarmPool,
        broker: SandmillRabbitMQ.Broker,
        lease: WorkerLease,
        ledger: ExecutionLedger,
        results: ResultsDirectory,
        running: RunningExecutions
    ) -> QueueWorker {
        QueueWorker(
            QueueWorker.Configuration(
                worker: configuration.worker.id,
                cluster: configuration.cluster,
                prefetch: configuration.broker.prefetch,
                concurrency: settings.sandboxes.maximum + configuration.worker.claimAhead,
                refill: max(configuration.worker.claimAhead / 2, 1),
                window: configuration.worker.window,
                windowSize: configuration.worker.windowSize,
                maximumAttempts: configuration.worker.maximumAttempts,
                killsOnExcessOutput: settings.limits.killsOnExcessOutput,
                publishers: broker.publishers
            ),
            decoder: SubmissionDecoder(pool: settings.requests),
            source: RequestConsumer(
                broker: broker,
                pool: settings.name,
                prefetch: configuration.broker.prefetch
            ),
            lease: lease,
            ledger: ledger,
            pool: pool,
            results: results,
            running: running,
            logger: logger
        )
    }
}

/// Says that the worker is up, once its services have started and signals are heeded: one that came
/// before would end the process.
private struct StartNotice: Service {
    let worker: String
    let logger: Logger

    func run() async throws {
        logger.info(
            "The worker is up.",
            metadata: [LogKey.worker: "\(worker)", "version": "\(Product.version)"]
        )
        try? await gracefulShutdown()
    }
}

extension PoolConfiguration {
    /// What requests of this pool may be.
    var requests: SubmissionDecoder.Pool {
        SubmissionDecoder.Pool(
            name: name,
            runtimes: runtimes,
            limits: limits,
            isolation: isolation
        )
    }

    /// What the sandboxes of this pool are made of.
    var specification: SandboxSpecification {
        SandboxSpecification(
            pool: name,
            runtimes: runtimes,
            image: image,
            containerRuntime: containerRuntime,
            memory: limits.defaults.memory,
            scratch: scratch,
            scratchFiles: scratchFiles,
            processes: limits.maxima.processes,
            cpus: cpus,
            preload: preload
        )
    }
}

extension Configuration {
    /// The room that has to be there for results: for the largest that any pool lets a request have
    /// that does not ask for more.
    var resultsReserve: ResultsDirectory.Reserve {
        let limits = pools.map(\.limits.defaults)
        return ResultsDirectory.Reserve(
            bytes: limits.map { $0.stdout + $0.stderr + $0.output }.max() ?? .zero,
            files: limits.map(\.outputFiles).max() ?? 0
        )
    }

    /// The group that may read results; nil if none is named.
    func findResultsGroup() throws(Failure) -> ResultsGroup? {
        guard let resultsGroup else { return nil }
        do {
            return try ResultsGroup(resultsGroup)
        } catch {
            throw Failure(
                .wrongConfiguration,
                "results.group: \(error.message)",
                remedy: "set results.group to a group that the worker's user is a member of"
            )
        }
    }

    /// What reads the requests of each pool, by its name.
    var decoders: [String: SubmissionDecoder] {
        Dictionary(
            uniqueKeysWithValues: pools.map { ($0.name, SubmissionDecoder(pool: $0.requests)) }
        )
    }

    /// The container engine of this configuration.
    func makeSandboxEngine(logger: Logger) throws(SandboxError) -> DockerSandboxEngine {
        let hasTLS = engine.caFile != nil || engine.certificateFile != nil
        return try DockerSandboxEngine(
            url: engine.url,
            tls: hasTLS
                ? DockerSandboxEngine.TLS(
                    authorities: engine.caFile,
                    certificate: engine.certificateFile,
                    key: engine.keyFile
                ) : nil,
            cluster: cluster,
            worker: worker.id,
            logger: logger
        )
    }
}
