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

    init(_ configuration: Configuration) {
        let database = configuration.makeDatabase(connections: 1)
        migrator = Migrator(database)
        executions = PostgreSQLExecutionStore(database, cluster: configuration.cluster)
        cancellations = PostgreSQLCancellationStore(database)
        letters = PostgreSQLDeadLetterStore(database, cluster: configuration.cluster)
        workers = PostgreSQLWorkerRegistry(database)
        tokens = PostgreSQLAccessTokens(database)
    }

    /// What a client reads.
    var records: Records { Records(executions: executions, letters: letters) }
}
