import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

extension BatchCommand {
    /// Tells how far a batch is.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Tells how far a batch is.",
            discussion: """
                How many of its members ended in each state, how many have not, the pace since it \
                was submitted and how long the others would take at that, and which members are \
                dead letters.
                """
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: ArgumentHelp.batch)
        var id: String

        @Flag(help: "Prints a JSON document, for programs.")
        var json = false

        func run() async throws {
            let database = DatabaseClient(try global.load())
            let id = try await database.batch(id)
            guard let batch = try await database.executions.batch(id) else {
                throw Failure(.wrongInput, "no batch with the id \(id.text) is known")
            }
            if json { return Terminal.write(batch.json) }
            let shared = try await database.records.sharedMembers(of: id).count
            let others = shared > 0 ? [["of them in other batches", String(shared)]] : []
            let letters = try await refusals(of: batch, in: database)
            Terminal.write(table: batch.rows + others + letters)
        }

        private func refusals(
            of batch: BatchRecord,
            in database: DatabaseClient
        ) async throws -> [[String]] {
            guard batch.refused > 0 || batch.pending > 0 else { return [] }
            // A minute for clocks that differ.
            let age = Duration.seconds(Date().timeIntervalSince(batch.submittedAt) + 60)
            return try await database.records.refusals(
                of: batch.id,
                tenant: batch.tenant,
                since: age
            ).map {
                ["dead letter \($0.id)", $0.reason.printable]
            }
        }
    }
}

extension BatchRecord {
    /// The batch as a table.
    var rows: [[String]] { rows(at: Date()) }

    /// The batch as a table at a time, which says how long the rest would take.
    func rows(at now: Date) -> [[String]] {
        let ended = size - pending - refused
        let time = (finishedAt ?? now).timeIntervalSince(submittedAt)
        let pace = Pace(ended: ended, in: .seconds(max(time, 0)))
        let rest = pending > 0 ? pace.time(for: pending) : nil
        var rows = [
            ["batch", id.text],
            ["tenant", tenant],
            ["pool", pool],
            ["size", String(size)],
            ["pending", String(pending)],
        ]
        for (state, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            rows.append([state.rawValue, String(count)])
        }
        if refused > 0 { rows.append(["refused", String(refused)]) }
        if let pace = pace.shown { rows.append(["pace", pace]) }
        if let rest { rows.append(["left", "about \(rest.components.seconds + 1) s"]) }
        rows.append(["submitted", submittedAt.formatted(.iso8601)])
        rows.append(["finished", finishedAt?.formatted(.iso8601) ?? "-"])
        return rows
    }
}
