import Foundation
import Logging
import Prometheus
import SandmillAPI
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillResults
import SandmillService
import ServiceLifecycle
import UnixSignals

/// Puts the HTTP gateway together: every port with the adapter that the configuration names.
struct GatewayProcess {
    private let configuration: Configuration
    private let logger: Logger

    init(_ configuration: Configuration) {
        self.configuration = configuration
        logger = configuration.logger("sandmill")
    }

    /// Answers requests until SIGTERM or SIGINT, without a worker.
    ///
    /// A database that is away at the start is waited for; the broker need not be there.
    func run() async throws {
        let metrics = PrometheusFactory.ofProcess
        // Several on one host have outbox rows of their own.
        let name = "gateway-\(ProcessInfo.processInfo.hostName)-\(getpid())"
        let adapters = try Adapters(configuration, name: name, logger: logger)
        defer { adapters.database.close() }
        let wait = StartWait(limit: configuration.startTimeout, logger: logger)
        try await wait(for: "database") { try await Migrator(adapters.database).check() }
        let bucket = configuration.makeBucket()
        let files = try configuration.makeFiles(bucket)
        let volume = try? OutputFiles(root: configuration.resultsRoot)
        let completions = completions(adapters)
        let monitoring = configuration.monitoring(
            metrics,
            adapters.database,
            adapters.broker,
            checks: [
                .database(adapters.database), .broker(adapters.publisher, completions),
                .results(files, in: bucket),
            ],
            figures: [{ try await volume?.volume().families ?? [] }]
        )
        let gatewayServices = try await services(
            adapters,
            adapters.admissions,
            completions,
            monitoring,
            files: files
        )
        var group = ServiceGroupConfiguration(
            services: adapters.services + [adapters.bulkActionRunner(nil), monitoring]
                + gatewayServices,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = configuration.worker.drainTimeout
        try await ServiceGroup(configuration: group).run()
        logger.info("The gateway has answered what it had taken.")
    }

    /// What waits for the ends of executions.
    func completions(_ adapters: Adapters) -> Completions {
        Completions(
            source: EventConsumer(broker: adapters.broker),
            records: adapters.executions,
            logger: logger
        )
    }

    /// The services of the gateway, its server last.
    ///
    /// - Parameters:
    ///   - adapters: What reads what became of requests.
    ///   - admissions: What takes them in.
    ///   - completions: What waits for the ends of executions.
    ///   - monitoring: What the process tells of itself.
    ///   - files: What programs left.
    /// - Returns: The services, in the order in which they start.
    /// - Throws: ``Failure`` where others could reach it and nobody has a token; what the ports throw.
    func services(
        _ adapters: Adapters,
        _ admissions: Admissions,
        _ completions: Completions,
        _ monitoring: Monitoring,
        files: any ResultFiles & OutputSource
    ) async throws -> [any Service] {
        var settings = configuration.gatewaySettings
        settings.limits.connections = try connectionsWithinFileLimit()
        let tokens = PostgreSQLAccessTokens(adapters.database)
        let directory = TokenDirectory(store: tokens, logger: logger)
        try await directory.load()
        try checkAccess(settings, directory)
        let gateway = Gateway(
            settings: settings,
            services: GatewayServices(
                admissions: admissions,
                cancellations: adapters.cancelling,
                reruns: adapters.reruns,
                bulkActions: BulkActions(
                    store: adapters.bulkActions,
                    executions: adapters.executions,
                    letters: adapters.letters
                ),
                audit: PostgreSQLAuditLog(adapters.database),
                records: adapters.executions,
                lists: adapters.executions,
                letters: adapters.letters,
                files: files,
                follower: OutputFollower(records: adapters.executions, source: files),
                completions: completions,
                directory: directory,
                recentEnds: PostgreSQLRecentEnds(adapters.database),
                traces: adapters.executions,
                requests: adapters.executions,
                tokens: tokens,
                workers: PostgreSQLWorkerDirectory(adapters.database),
                registry: PostgreSQLWorkerRegistry(adapters.database),
                lanes: PostgreSQLQueueStatistics(adapters.database),
                relay: adapters.relay,
                monitoring: monitoring
            ),
            logger: logger
        )
        return [completions, directory, NamedGateway(gateway: gateway, settings: settings)]
    }

    /// Without a token only those on this machine come in, and elsewhere nobody could.
    private func checkAccess(
        _ settings: GatewaySettings,
        _ directory: TokenDirectory
    ) throws(Failure) {
        if !settings.isLoopback, !directory.hasTokens {
            throw Failure(
                .wrongConfiguration,
                "gateway.listen is \(settings.host), which others can reach, and there is no access "
                    + "token: make one with sandmill token create, or listen on 127.0.0.1"
            )
        }
        if directory.hasNeverHadTokens {
            logger.warning(
                "There are no access tokens: whoever is on this machine may use the gateway.",
                metadata: ["address": "\(settings.host)"]
            )
        }
    }

    /// How many connections there may be, so that what else this process opens has its files.
    ///
    /// The limit of open files (`ulimit -n`) is raised as far as it may be. A process that can open no
    /// file any more cannot finish what it has begun, so a reserve is never given to clients.
    private func connectionsWithinFileLimit() throws(Failure) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else {
            return configuration.gateway.connections
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(resource, &limit)
        let sandboxes = configuration.pools.reduce(0) { $0 + $1.sandboxes.maximum }
        let reserve = Self.ownFiles + Self.filesOfSandbox * sandboxes
        let files = Int(clamping: limit.rlim_cur)
        guard files > reserve else {
            throw Failure(
                .wrongConfiguration,
                "\(files) files may be open, of which this process needs \(reserve): raise the limit "
                    + "(ulimit -n)"
            )
        }
        let connections = min(configuration.gateway.connections, files - reserve)
        if connections < configuration.gateway.connections {
            logger.warning(
                "Fewer connections are taken than gateway.connections says: few files may be open.",
                metadata: ["connections": "\(connections)", "files": "\(files)"]
            )
        }
        return connections
    }

    /// Connections to the servers, event loops, results that are read and written, with room to spare.
    private static let ownFiles = 256
    /// The stream to a sandbox, one to the engine, and what is written of its output.
    private static let filesOfSandbox = 4
}

/// The server, whose failure names the address, which the error of the socket does not.
private struct NamedGateway: Service {
    let gateway: Gateway
    let settings: GatewaySettings

    func run() async throws {
        do {
            try await gateway.run()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Failure(
                .unavailable,
                "the gateway cannot listen on \(settings.host):\(settings.port): \(error)"
            )
        }
    }
}

extension Configuration {
    /// How the HTTP gateway is set up.
    fileprivate var gatewaySettings: GatewaySettings {
        GatewaySettings(
            host: gateway.host,
            port: gateway.port,
            limits: GatewaySettings.Limits(
                body: broker.maximumBody,
                header: gateway.maximumHeader,
                connections: gateway.connections,
                idle: gateway.idleTimeout,
                transfer: gateway.transferTimeout,
                requestsPerSecond: gateway.requestsPerSecond,
                wait: gateway.wait,
                maximumWait: gateway.maximumWait,
                waits: gateway.waits,
                streams: gateway.streams
            ),
            pools: pools.map(\.name),
            origins: gateway.origins
        )
    }
}
