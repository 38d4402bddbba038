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

/// Runs a worker: what it needs is waited for, then it is entered in the registry and works.
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
        let adapters = try Adapters(configuration, name: configuration.worker.id, logger: logger)
        defer { adapters.database.close() }
        let wait = StartWait(limit: configuration.startTimeout, logger: logger)
        try await wait(for: "broker") { try await adapters.broker.declareTopology() }
        try await wait(for: "database") { try await Migrator(adapters.database).check() }
        let bucket = configuration.makeBucket()
        let results = try ResultsDirectory(
            root: configuration.resultsRoot,
            worker: configuration.worker.id,
            reserve: configuration.resultsReserve,
            group: readers,
            pathLimit: bucket?.pathLimit
        )
        let upload = configuration.makeUpload(
            of: results,
            to: bucket,
            records: adapters.executions,
            logger: logger
        )
        let engine = try await wait(for: "engine") { try await self.engine() }

        let worker = WorkerParts(
            configuration,
            adapters,
            results,
            upload,
            engine,
            logger: logger
        )
        // Where they cannot be written it starts all the same, and claims nothing until they can.
        _ = await worker.ledger.resultsHealth.failure()
        let completions = gateway?.completions(adapters)
        let monitoring = worker.monitoring(metrics, completions)
        // What may be refused is asked before others are told that this worker is there.
        var gatewayServices: [any Service] = []
        if let gateway, let completions {
            gatewayServices = try await gateway.services(
                adapters,
                adapters.admissions.handing(to: worker.queueWorkers),
                completions,
                monitoring,
                files: configuration.makeFiles(bucket)
            )
        }
        let deletions = Deletions(
            store: adapters.executions,
            results: configuration.makeInventory(bucket),
            holds: configuration.retention.holds
        )
        let retention = RetentionSweeper(
            name: configuration.worker.id,
            policy: configuration.retention,
            store: PostgreSQLRetention(adapters.database),
            deletions: deletions,
            logger: logger
        )
        try await worker.register()
        // They end in the opposite order: nothing stops before what depends on it.
        var group = ServiceGroupConfiguration(
            services: adapters.services + [adapters.bulkActionRunner(deletions), retention]
                + worker.services(monitoring) + gatewayServices
                + [StartNotice(worker: configuration.worker.id, logger: logger)],
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
            uniqueKeysWithValues: pools.map {
                ($0.name, SubmissionDecoder(pool: $0.requests(retention)))
            }
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
