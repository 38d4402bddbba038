import ArgumentParser
import Foundation
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

        @Option(
            help:
                "Its new id, for one ID (default: the one it has, or a new one where that is no UUID).",
            transform: Parse.uuid
        )
        var id: UUID?

        @Option(help: ArgumentHelp("Another pool and level.", valueName: "pool.level"))
        var to: Destination?

        @Flag(help: "Runs them for the tenants that they name, whoever published them.")
        var trust = false

        func validate() throws {
            try decision.check(selection)
            if body != nil, selection.ids.count != 1 {
                throw ValidationError("--body is for one ID.")
            }
            if id != nil, selection.ids.count != 1 {
                throw ValidationError("--id is for one ID.")
            }
        }

        func run() async throws {
            let configuration = try global.load()
            let revision = Revision(
                body: try body.map(Input.read),
                routingKey: to?.routingKey,
                messageID: id,
                isTrusted: trust
            )
            let decoders = configuration.pools.map {
                ($0.name, SubmissionDecoder(pool: $0.requests(configuration.retention)))
            }
            let check = RequeueCheck(decoders: Dictionary(decoders) { first, _ in first })
            let limit = configuration.broker.maximumBody
            if let body = revision.body, ByteCount(body.count) > limit {
                throw Failure(.wrongInput, "the body is above broker.maximum_body, \(limit.bytes)")
            }
            let database = DatabaseClient(configuration)
            let letters = database.letters
            try await decision.carryOut(on: selection, in: database, "requeue", "requeued") {
                page in
                let refusals = try await refusals(of: page, as: revision, letters, check)
                let taken = page.filter { refusals[$0.id] == nil }
                let outcomes =
                    decision.dryRun
                    ? taken.map(revision.outcome)
                    : try await letters.requeue(taken.map(\.id), as: revision)
                let verdicts = Dictionary(
                    zip(taken.map(\.id), outcomes.map(DeadLetterAction.Verdict.init))
                ) { first, _ in first }
                return page.map { refusals[$0.id] ?? verdicts[$0.id] ?? .gone }
            }
        }

        /// What stays because it would only be refused again, as far as it is mended here.
        private func refusals(
            of page: [DeadLetterSummary],
            as revision: Revision,
            _ letters: PostgreSQLDeadLetterStore,
            _ check: RequeueCheck
        ) async throws -> [Int64: DeadLetterAction.Verdict] {
            guard body != nil || to != nil || id != nil else { return [:] }
            var refusals: [Int64: DeadLetterAction.Verdict] = [:]
            for summary in page {
                guard let stored = try await letters.letter(summary.id) else { continue }
                do throws(RequestRefusal) {
                    try check(stored.letter, as: revision)
                } catch {
                    // A pool that this configuration lacks a worker may have.
                    if error.message == RequeueCheck.unknownQueue { continue }
                    let reasons = error.faults.map { $0.reason.printable }.joined(separator: "; ")
                    refusals[summary.id] = .stays("it would be refused again: \(reasons)")
                }
            }
            return refusals
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
            let database = DatabaseClient(try global.load())
            let letters = database.letters
            try await decision.carryOut(on: selection, in: database, "purge", "purged") { page in
                if decision.dryRun { return page.map { _ in .done } }
                let purged = Set(try await letters.purge(page.map(\.id)))
                return page.map { purged.contains($0.id) ? .done : .gone }
            }
        }
    }
}
