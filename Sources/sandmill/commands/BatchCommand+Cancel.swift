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

        @Argument(help: "The batch's id.", transform: Parse.uuid)
        var id: UUID

        @Option(help: "Cancels it only if it is this tenant's.")
        var tenant: String?

        func run() async throws {
            let database = DatabaseClient(try global.load())
            let cancellations = Cancellations(store: database.cancellations, relay: nil)
            guard let count = try await cancellations.cancel(batch: id, tenant: tenant) else {
                throw Failure(.wrongInput, "no batch with the id \(id.text) is known")
            }
            Terminal.write("\(count) of its executions had not ended and will be cancelled")
        }
    }

    /// Tells how far a batch is.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Tells how far a batch is."
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The batch's id.", transform: Parse.uuid)
        var id: UUID

        func run() async throws {
            let database = DatabaseClient(try global.load())
            guard let batch = try await database.executions.batch(id) else {
                throw Failure(.wrongInput, "no batch with the id \(id.text) is known")
            }
            Terminal.write(table: batch.rows)
        }
    }
}

extension BatchRecord {
    /// The batch as a table.
    var rows: [[String]] {
        [
            ["batch", id.text],
            ["tenant", tenant],
            ["pool", pool],
            ["size", String(size)],
            ["pending", String(pending)],
        ]
            + counts.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { [$0.key.rawValue, String($0.value)] }
            + (refused > 0 ? [["refused", String(refused)]] : [])
            + [
                ["submitted", submittedAt.formatted(.iso8601)],
                ["finished", finishedAt?.formatted(.iso8601) ?? "-"],
            ]
    }
}
