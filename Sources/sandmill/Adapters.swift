import Logging
import SandmillConfiguration
import SandmillRabbitMQ
import SandmillRepository
import SandmillService
import ServiceLifecycle

/// The adapters that a process makes of its configuration, and what every process does by them: it takes
/// requests in, publishes what the outbox has, and sweeps.
struct Adapters {
    let broker: SandmillRabbitMQ.Broker
    let database: SandmillRepository.Database
    let executions: PostgreSQLExecutionStore
    let cancellations: PostgreSQLCancellationStore
    let letters: PostgreSQLDeadLetterStore
    let bulkActions: PostgreSQLBulkActions
    let publisher: ConfirmedPublisher
    /// What gathers spans; nil where traces are off.
    let tracer: Tracer?
    let relay: Relay
    let admissions: Admissions
    let sweeper: Sweeper
    let cancelling: Cancellations
    let reruns: Reruns
    private let logger: Logger

    /// Makes them; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - configuration: Names the servers.
    ///   - name: Whose what this process leases from the outbox is.
    ///   - logger: Told what failed.
    /// - Throws: `BrokerError` for an address that is none.
    init(_ configuration: Configuration, name: String, logger: Logger) throws(BrokerError) {
        broker = try configuration.makeBroker(logger: "sandmill.broker")
        database = configuration.makeDatabase()
        executions = PostgreSQLExecutionStore(database, cluster: configuration.cluster)
        cancellations = PostgreSQLCancellationStore(database)
        letters = PostgreSQLDeadLetterStore(database, cluster: configuration.cluster)
        bulkActions = PostgreSQLBulkActions(database)
        publisher = ConfirmedPublisher(broker: broker)
        tracer = TraceSettings.makeTracer(worker: name, logger: logger)
        relay = Relay(
            worker: name,
            outbox: PostgreSQLOutbox(database, cluster: configuration.cluster),
            publisher: publisher,
            tracer: tracer,
            logger: logger
        )
        admissions = Admissions(
            worker: name,
            decoders: configuration.decoders,
            store: executions,
            relay: relay
        )
        sweeper = Sweeper(
            name: name,
            cluster: configuration.cluster,
            executions: executions,
            cancellations: cancellations,
            relay: relay,
            messageTimeout: configuration.broker.messageTimeout,
            logger: logger
        )
        cancelling = Cancellations(store: cancellations, relay: relay)
        reruns = Reruns(store: executions, decoders: configuration.decoders, relay: relay)
        self.logger = logger
    }

    /// What does bulk actions; it removes executions only where it is told how.
    func bulkActionRunner(_ deletions: Deletions?) -> BulkActionRunner {
        BulkActionRunner(
            store: bulkActions,
            executions: executions,
            letters: letters,
            cancellations: cancelling,
            reruns: reruns,
            deletions: deletions,
            logger: logger
        )
    }

    /// What of them runs, in the order in which it starts.
    var services: [any Service] {
        (tracer.map { [$0] } ?? []) + [publisher, relay, admissions, sweeper]
    }
}
