import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Which executions something is done to: some by their ids, or all that match.
struct BulkSelectionOptions: ParsableArguments {
    @Argument(
        help: """
            The executions' ids, beginnings of these, or names of members of batches (default: all that the \
            filters leave).
            """
    )
    var ids: [String] = []

    @OptionGroup var selection: ExecutionFilterOptions

    @Flag(help: "Means every execution, where there is neither an ID nor a filter.")
    var all = false

    @Flag(help: "Prints how many are meant, and changes nothing.")
    var dryRun = false

    @Flag(name: .customLong("no-wait"), help: "Does not wait until it is done to all that match.")
    var noWait = false

    /// Whether they are named one by one.
    var isNamed: Bool { !ids.isEmpty }

    func validate() throws {
        var selection = selection
        // Of those that are named only what is this tenant's.
        if isNamed, selection.tenant.count == 1 { selection.tenant = [] }
        guard [isNamed, try !selection.isEmpty, all].count(where: { $0 }) == 1 else {
            throw ValidationError("Give IDs, filters or --all, and only one of these.")
        }
    }

    /// The executions that are named.
    func uuids(in database: DatabaseClient) async throws -> [UUID] {
        var found: [UUID] = []
        for id in ids {
            found.append(try await database.execution(id, tenant: selection.tenant.first))
        }
        return found
    }

    /// Has something done to all that match, and shows how far it is.
    func carryOut(_ verb: BulkAction.Verb, in database: DatabaseClient) async throws {
        let order = BulkOrder(
            on: .executions,
            filter: try await selection.resolved(in: database).parameters,
            verb: verb,
            tenant: nil,
            actor: Person.here
        )
        let actions = database.bulkActions
        if dryRun {
            return Terminal.write(
                "would \(verb.rawValue) \(try await actions.count(order)) of them"
            )
        }
        try await actions.carryOut(order, waits: !noWait)
    }
}

extension BulkActions {
    /// Begins an action, and shows how far it is.
    func carryOut(_ order: BulkOrder, waits: Bool) async throws {
        var action = try await begin(order)
        Terminal.write("\(action.id.text): \(order.verb.rawValue) \(action.matching)")
        guard waits else { return }
        while action.finishedAt == nil {
            try await ContinuousClock().sleep(for: .milliseconds(250))
            guard let next = try await self.action(action.id, tenant: nil) else { return }
            action = next
            if Terminal.showsErrors {
                Terminal.redraw("\(action.done + action.failed) of \(action.matching)")
            }
        }
        if Terminal.showsErrors { Terminal.redraw("") }
        Terminal.write("done to \(action.done), not to \(action.failed)")
        if let failure = action.failure {
            Terminal.writeError("sandmill: one of those that are left: \(failure)")
        }
        if action.failed > 0 { throw ExitCode(ExitStatus.unsuccessful.rawValue) }
    }
}

/// Who is at this machine.
enum Person {
    /// The user and the machine, for the audit.
    static var here: String { "\(NSUserName())@\(ProcessInfo.processInfo.hostName)" }
}

/// Runs executions again.
struct RerunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun",
        abstract: "Runs executions again that have ended.",
        discussion: """
            Example: sandmill rerun --state failed --since 1d --label course=1 --dry-run

            Each is a new execution with the same request, but for its batch, its deadline and what it \
            superseded; rerun_of in its result names the first. Of IDs a line for each says the new id. \
            All that match are rerun by whichever worker or gateway is up.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var selection: BulkSelectionOptions

    func run() async throws {
        let configuration = try global.load()
        let database = DatabaseClient(configuration)
        guard selection.isNamed else {
            return try await selection.carryOut(.rerun, in: database)
        }
        if selection.dryRun { return Terminal.write("would rerun \(selection.ids.count) of them") }
        let reruns = Reruns(
            store: database.executions,
            decoders: configuration.decoders,
            relay: nil
        )
        var isComplete = true
        for id in try await selection.uuids(in: database) {
            let outcome = try await reruns.rerun(
                id,
                as: .random(),
                tenant: selection.selection.tenant.first
            )
            if case .rerun(let new) = outcome {
                try await database.note("rerun", "execution", id.text)
                Terminal.write("\(id.text)  \(new.text)")
            } else {
                Terminal.writeError("sandmill: \(id.text): \(outcome.failure ?? "not rerun")")
                isComplete = false
            }
        }
        if !isComplete { throw ExitCode(ExitStatus.wrongInput.rawValue) }
    }
}

/// Removes executions that have ended.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Removes executions that have ended, with their files, for good.",
        discussion: """
            Example: sandmill delete --state succeeded --until 30d --dry-run

            A worker removes them, first the records, then the files.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var selection: BulkSelectionOptions

    func run() async throws {
        let database = DatabaseClient(try global.load())
        var selection = selection
        if selection.isNamed {
            selection.selection.prefix = try await selection.uuids(in: database).map(\.text)
        }
        try await selection.carryOut(.delete, in: database)
    }
}
