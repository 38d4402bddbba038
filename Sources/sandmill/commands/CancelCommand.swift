import ArgumentParser
import Foundation
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Ends an execution before its time.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancels executions, queued or running.",
        discussion: """
            What is queued will not start; what runs is killed within about a second. An execution \
            that is not known yet, because no worker has seen its message, is cancelled when it \
            comes, for a week. It works while the workers and the broker are down.

            A line for each ID says what was found: queued, running, ended or unknown. Ends with 1 \
            if all had ended already. All that match filters are cancelled by whichever worker or \
            gateway is up.

            Example: sandmill cancel --state queued --label course=1 --dry-run
            """
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var selection: BulkSelectionOptions

    func run() async throws {
        let database = DatabaseClient(try global.load())
        guard selection.isNamed else {
            return try await selection.carryOut(.cancel, in: database)
        }
        if selection.dryRun { return Terminal.write("would cancel \(selection.ids.count) of them") }
        let cancellations = Cancellations(store: database.cancellations, relay: nil)
        let tenant = selection.selection.tenant.first
        var hasEffect = false
        for id in try await selection.uuids(in: database) {
            let outcome = try await cancellations.cancel(
                execution: id,
                tenant: tenant,
                keepsUnknown: true
            )
            if outcome != .ended {
                hasEffect = true
                try await database.note("cancel", "execution", id.text, tenant: tenant)
            }
            Terminal.write("\(id.text)  \(outcome.rawValue)")
        }
        if !hasEffect { throw ExitCode(ExitStatus.unsuccessful.rawValue) }
    }
}
