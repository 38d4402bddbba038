import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillResults
import SandmillService

/// What is kept of executions that have ended: removed by age, and compared with the files.
struct ResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Removes what is old, and checks that records and files agree.",
        discussion: """
            Workers remove by themselves what is older than the configuration says (retention).
            """,
        subcommands: [PruneCommand.self, CheckCommand.self]
    )
}

/// Removes executions that have ended, but for those that a label holds.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Removes executions that have ended, with their files, for good.",
        discussion: """
            Example: sandmill results prune --older-than 7d --state succeeded --dry-run

            A worker removes them. Those with a label that holds them (retention.hold) stay; sandmill delete \
            removes them too.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var selection: ExecutionFilterOptions

    @Option(
        help: ArgumentHelp(
            "Only those submitted longer ago, such as 7d; the same as --until.",
            valueName: "age"
        )
    )
    var olderThan: String?

    @Flag(help: "Means every execution that has ended, where there is no filter.")
    var all = false

    @Flag(help: "Prints how many are meant and what their files take, and changes nothing.")
    var dryRun = false

    @Flag(name: .customLong("no-wait"), help: "Does not wait until all are removed.")
    var noWait = false

    func validate() throws {
        if olderThan != nil, selection.until != nil {
            throw ValidationError("--older-than and --until exclude each other.")
        }
        let isFiltered = try olderThan != nil || !selection.isEmpty
        if isFiltered == all {
            throw ValidationError("Give filters, --older-than or --all, and only one of these.")
        }
        var options = selection
        options.until = olderThan ?? selection.until
        _ = try ended(of: options.checked)
    }

    /// What is meant of a filter: only what has ended.
    private func ended(of filter: ExecutionFilter) throws -> ExecutionFilter {
        var filter = filter
        filter.states =
            filter.states.isEmpty ? RetentionPolicy.states : filter.states.filter(\.isTerminal)
        guard !filter.states.isEmpty else {
            throw ValidationError("Only what has ended can be removed.")
        }
        return filter
    }

    func run() async throws {
        let configuration = try global.load()
        let database = DatabaseClient(configuration)
        var options = try await selection.resolved(in: database)
        options.until = olderThan ?? selection.until
        let filter = try ended(of: options.filter)
        let size = try await database.executions.resultsSize(
            of: filter,
            holds: configuration.retention.holds
        )
        Terminal.write(
            "\(dryRun ? "would remove" : "removing") \(size.executions) executions with "
                + "\(size.size.bytes) bytes of files; \(size.held) more are held by a label"
        )
        guard !dryRun, size.executions > 0 else { return }
        let order = BulkOrder(
            on: .executions,
            filter: filter.parameters,
            verb: .prune,
            tenant: nil,
            actor: Person.here
        )
        try await database.bulkActions.carryOut(order, waits: !noWait)
    }
}

/// Compares the results directory with the records.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Finds files without a record, and records without their files.",
        discussion: """
            It runs where the results directory is, as the user of the workers, and reads every directory in it. \
            Files of executions that have not ended, and those of the last hour, are left alone.

            A line says what is wrong: orphan, files that no record names; leftover, what a worker has gathered \
            and nobody goes on with; missing, an execution whose files are not there; stranger, what is not ours; and of a single file of an \
            execution missing_file, unexpected_file or wrong_size. --repair removes orphans and leftovers, and notes of \
            what is missing that it is; single files it leaves as they are.

            Where results go to a bucket (results.upload), that is what is looked at. With when: behind what is missing \
            there may wait at a worker, and --repair leaves its record as it is.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Prints a JSON document for each, for programs.")
    var json = false

    @Flag(help: "Mends what is found.")
    var repair = false

    @Option(help: ArgumentHelp("How old files are at least that are looked at.", valueName: "age"))
    var olderThan = "1h"

    func validate() throws {
        guard case .lasting? = Retention(text: olderThan) else {
            throw ValidationError("--older-than is a time such as 1h or 30m.")
        }
    }

    func run() async throws {
        let configuration = try global.load()
        let database = DatabaseClient(configuration)
        guard case .lasting(let patience)? = Retention(text: olderThan) else { return }
        let check = ResultsCheck(
            files: configuration.makeInventory(configuration.makeBucket()),
            records: database.executions,
            patience: patience,
            mayBeElsewhere: configuration.upload?.when == .behind
        )
        var count = 0
        let mended = try await check.run(mends: repair) { finding in
            count += 1
            if json {
                let fields: [String: JSONValue] = [
                    "finding": .string(finding.word), "path": .string(finding.path),
                    "execution_id": .optional(finding.execution?.text),
                ]
                return Terminal.write(JSONValue.object(fields).line)
            }
            let execution = finding.execution.map { "  \($0.text)" } ?? ""
            Terminal.write("\(finding.word)  \(finding.path.printable)\(execution)")
        }
        if repair, count > 0 {
            try await database.note("repair", "results", configuration.resultsRoot, count: mended)
        }
        Terminal.writeError("\(count) found, \(mended) mended")
        if count > mended { throw ExitCode(ExitStatus.unsuccessful.rawValue) }
    }
}
