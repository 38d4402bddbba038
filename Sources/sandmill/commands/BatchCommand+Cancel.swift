import ArgumentParser
import Foundation
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

extension BatchCommand {
    /// Ends a batch before its time.
    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract: "Cancels every member of a batch that has not ended.",
            discussion: """
                Members that have not come yet are cancelled when they come. It works while the \
                workers and the broker are down.
                """
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: ArgumentHelp.batch)
        var id: String

        @Option(help: "Cancels it only if it is this tenant's.")
        var tenant: String?

        func run() async throws {
            let database = DatabaseClient(try global.load())
            let id = try await database.batch(id, tenant: tenant)
            let cancellations = Cancellations(store: database.cancellations, relay: nil)
            guard let count = try await cancellations.cancel(batch: id, tenant: tenant) else {
                throw Failure(.wrongInput, "no batch with the id \(id.text) is known")
            }
            try await database.note("cancel", "batch", id.text, tenant: tenant, count: count)
            Terminal.write(
                "\(count) of its executions had not ended, or are still to come, and will be cancelled"
            )
        }
    }
}
