import ArgumentParser
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Makes the schema, or brings it up to date.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Makes the database's schema, or brings it up to this version.",
        discussion: "Safe to run twice, also at once, and while workers run."
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let configuration = try global.load()
        let applied = try await DatabaseClient(configuration).migrator.migrate()
        let schema = configuration.database.schema
        if applied.isEmpty {
            Terminal.write("The schema \(schema) is up to date.")
        } else {
            for migration in applied { Terminal.write("The schema \(schema) got \(migration).") }
        }
    }
}
