import ArgumentParser
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

extension DeadCommand {
    /// Publishes dead letters again.
    struct Requeue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "requeue",
            abstract: "Puts dead letters back into their queues, mended or as they are.",
            discussion: """
                Example: sandmill dead requeue 17 --body request.json
                Example: sandmill dead requeue --pool old --to python.normal --dry-run

                A message goes back to its own level with all its properties. A worker publishes \
                it, at once or as soon as the broker is there. What cannot be requeued stays, with \
                the reason on standard error and 65 as the exit code.

                Where broker.users is set, it still counts as published by whoever published it, and \
                is refused again if that user may not publish for its tenant; --trust lets it through.
                """
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var selection: DeadLetterSelectionOptions
        @OptionGroup var decision: DeadLetterAction

        @Option(
            help: ArgumentHelp(
                "Its whole new body, for one ID; - for standard input.",
                valueName: "file"
            ),
            completion: .file()
        )
        var body: String?

        @Option(help: ArgumentHelp("Another pool and level.", valueName: "pool.level"))
        var to: Destination?

        @Flag(help: "Runs them for the tenants that they name, whoever published them.")
        var trust = false

        func validate() throws {
            try decision.check(selection)
            if body != nil, selection.ids.count != 1 {
                throw ValidationError("--body is for one ID.")
            }
        }

        func run() async throws {
            let configuration = try global.load()
            let revision = Revision(
                body: try body.map(Input.read),
                routingKey: to?.routingKey,
                isTrusted: trust
            )
            let limit = configuration.broker.maximumBody
            if let body = revision.body, ByteCount(body.count) > limit {
                throw Failure(.wrongInput, "the body is above broker.maximum_body, \(limit.bytes)")
            }
            let letters = DatabaseClient(configuration).letters
            try await decision.carryOut(on: selection, of: letters, "requeue", "requeued") { page in
                let outcomes =
                    decision.dryRun
                    ? page.map(revision.outcome)
                    : try await letters.requeue(page.map(\.id), as: revision)
                return outcomes.map(DeadLetterAction.Verdict.init)
            }
        }
    }

    /// Removes dead letters.
    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Removes dead letters for good.",
            discussion: "Example: sandmill dead purge --older-than 30d --dry-run"
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var selection: DeadLetterSelectionOptions
        @OptionGroup var decision: DeadLetterAction

        func validate() throws {
            try decision.check(selection)
        }

        func run() async throws {
            let letters = DatabaseClient(try global.load()).letters
            try await decision.carryOut(on: selection, of: letters, "purge", "purged") { page in
                if decision.dryRun { return page.map { _ in .done } }
                let purged = Set(try await letters.purge(page.map(\.id)))
                return page.map { purged.contains($0.id) ? .done : .gone }
            }
        }
    }
}
