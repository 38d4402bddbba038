import FoundationEssentials
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

extension Configuration {
    /// The record store of this configuration.
    func makeDatabase(connections: Int? = nil) -> SandmillRepository.Database {
        SandmillRepository.Database(
            url: database.url,
            schema: database.schema,
            connections: connections ?? database.connections,
            applicationName: "sandmill"
        )
    }
}

/// What a command needs of the record store for a moment.
struct DatabaseClient {
    let migrator: Migrator
    let executions: PostgreSQLExecutionStore
    let cancellations: PostgreSQLCancellationStore
    let letters: PostgreSQLDeadLetterStore
    let workers: PostgreSQLWorkerRegistry
    let tokens: PostgreSQLAccessTokens
    let directory: PostgreSQLWorkerDirectory
    let statistics: PostgreSQLQueueStatistics
    let bulkActions: BulkActions
    let audit: PostgreSQLAuditLog

    init(_ configuration: Configuration) {
        let database = configuration.makeDatabase(connections: 1)
        migrator = Migrator(database)
        executions = PostgreSQLExecutionStore(database, cluster: configuration.cluster)
        cancellations = PostgreSQLCancellationStore(database)
        letters = PostgreSQLDeadLetterStore(database, cluster: configuration.cluster)
        workers = PostgreSQLWorkerRegistry(database)
        tokens = PostgreSQLAccessTokens(database)
        directory = PostgreSQLWorkerDirectory(database)
        statistics = PostgreSQLQueueStatistics(database)
        bulkActions = BulkActions(
            store: PostgreSQLBulkActions(database),
            executions: executions,
            letters: letters
        )
        audit = PostgreSQLAuditLog(database)
    }

    /// Notes what whoever is at this machine did.
    func note(
        _ action: String,
        _ target: String,
        _ subject: String,
        tenant: String? = nil,
        count: Int = 1
    ) async throws(StoreError) {
        try await audit.note(
            Act(
                actor: Person.here,
                action: action,
                target: target,
                subject: subject,
                tenant: tenant,
                count: count
            )
        )
    }

    /// Why nothing runs executions of a pool now; nil where something does, or that cannot be learnt.
    ///
    /// A worker that has just been started has not said yet what it runs.
    func idleness(of pool: String) async -> String? {
        guard let workers = try? await directory.workers().filter({ $0.state != .lost }) else {
            return nil
        }
        guard !workers.isEmpty else { return "no worker is alive" }
        let serves = workers.contains { worker in
            worker.state == .active && (worker.slots.isEmpty || worker.slots[pool] != nil)
        }
        return serves ? nil : "no worker serves the pool \(pool)"
    }

    /// What a client reads.
    var records: Records { Records(executions: executions, letters: letters) }
}
