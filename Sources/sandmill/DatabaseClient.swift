import FoundationEssentials
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

    /// The dead letters of a batch and of its members, or of whatever else has that id.
    func refusals(
        of id: UUID,
        tenant: String,
        since age: Duration
    ) async throws -> [DeadLetterSummary] {
        var found: [DeadLetterSummary] = []
        let filter = DeadLetterFilter(tenants: [tenant], newerThan: age, batch: id)
        try await letters.forEachPage(of: filter) { found += $0 }
        return found
    }
}
