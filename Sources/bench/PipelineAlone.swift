import Foundation
import Logging
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillResults
import SandmillService
import ServiceLifecycle

/// Broker, worker, record store, results and events, with an engine that answers at once: what a job costs
/// beside its program.
///
/// The worker runs in this process, with a pool and queues of its own on the same servers.
struct PipelineAlone {
    private static let pool = "pipeline"
    private static let worker = "bench-pipeline"
    /// As many as a busy machine of 16 CPUs has, so that nothing waits for one.
    private static let sandboxes = 64

    let endToEnd: EndToEnd
    private let configuration: Configuration
    private let broker: Broker
    private let logger: Logger

    init(_ given: Configuration, logger: Logger) throws {
        var configuration = given
        configuration.broker.prefix += "-pipeline"
        configuration.pools = [given.pools[0]]
        configuration.pools[0].name = Self.pool
        configuration.pools[0].sandboxes.spare = Self.sandboxes
        configuration.pools[0].sandboxes.maximum = Self.sandboxes
        configuration.worker.id = Self.worker
        self.configuration = configuration
        var logger = logger
        logger.logLevel = .warning
        self.logger = logger
        broker = try EndToEnd.broker(configuration, logger: logger)
        endToEnd = try EndToEnd(configuration, logger: logger)
    }

    /// Runs the worker while `body` does.
    func running(_ body: () async throws -> Void) async throws {
        let database = Database(
            url: configuration.database.url,
            schema: configuration.database.schema,
            connections: configuration.database.connections,
            applicationName: Self.worker
        )
        defer { database.close() }
        let (publisher, results) = (
            ConfirmedPublisher(broker: broker),
            try ResultsDirectory(root: configuration.resultsRoot, worker: Self.worker)
        )
        let relay = Relay(
            worker: Self.worker,
            outbox: PostgreSQLOutbox(database, cluster: configuration.cluster),
            publisher: publisher,
            logger: logger
        )
        let ledger = ExecutionLedger(
            store: PostgreSQLExecutionStore(database, cluster: configuration.cluster),
            letters: PostgreSQLDeadLetterStore(database, cluster: configuration.cluster),
            results: results,
            relay: relay,
            logger: logger
        )
        let services = ServiceGroup(
            services: [publisher, relay, ledger] + self.services(ledger, results),
            logger: logger
        )
        try await broker.declareTopology()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await endToEnd.connected(body)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        try await broker.removeTopology(evenIfUsed: true)
    }

    private func services(
        _ ledger: ExecutionLedger,
        _ results: ResultsDirectory
    ) -> [any Service] {
        let settings = configuration.pools[0]
        // Nobody supervises this worker, which lives for minutes.
        let lease = WorkerLease(trust: .seconds(86_400))
        lease.renew(at: .now)
        let pool = WarmPool(
            settings.sandboxes,
            of: settings.specification,
            worker: Self.worker,
            engine: InstantEngine(),
            logger: logger
        )
        let worker = QueueWorker(
            configuration.queueWorker(settings, publishers: PublisherPolicy()),
            decoder: SubmissionDecoder(pool: settings.requests(configuration.retention)),
            source: QueueConsumer.requests(
                of: settings.name,
                broker: broker,
                prefetch: configuration.broker.prefetch
            ),
            lease: lease,
            ledger: ledger,
            pool: pool,
            results: results,
            running: RunningExecutions(),
            logger: logger
        )
        return [pool, worker]
    }
}

/// Sandboxes whose programs have ended, with the output of the job, when they begin.
private struct InstantEngine: SandboxEngine {
    func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any Sandbox {
        InstantSandbox()
    }

    func removeOrphans(of worker: String) async throws(SandboxError) {}

    func checkAvailable() async throws(SandboxError) {}
}

private struct InstantSandbox: Sandbox {
    let id = UUID().uuidString
    let image = "none"
    let isLost = false

    func setMemoryLimit(_ memory: ByteCount) async throws(SandboxError) {}

    func run(
        _ program: Program,
        of execution: UUID,
        build: BuildUse,
        killsOnExcessOutput: Bool,
        receive: @Sendable (SandboxOutput) async throws -> Void
    ) async throws -> SandboxReport {
        let output = Array(Job.output.utf8)
        try await receive(.stream(.stdout, output))
        return SandboxReport(
            exit: ProgramExit(
                status: .code(0),
                killCause: nil,
                wall: .zero,
                cpu: .zero,
                memoryPeak: .zero,
                oomKills: 0,
                stdout: ByteCount(output.count),
                stderr: .zero
            ),
            isClean: true
        )
    }

    func forgetProgram() async throws(SandboxError) {}

    func cancel(_ execution: UUID) async {}

    func probe() async throws(SandboxError) {}

    func destroy() async {}
}
