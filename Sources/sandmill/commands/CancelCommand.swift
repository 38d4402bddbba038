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

            A line for each says what was found: queued, running, ended or unknown. Ends with 1 if \
            all had ended already.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The executions' ids.", transform: Parse.uuid)
    var ids: [UUID]

    @Option(help: "Cancels only what is this tenant's.")
    var tenant: String?

    func run() async throws {
        let database = DatabaseClient(try global.load())
        let cancellations = Cancellations(store: database.cancellations, relay: nil)
        var hasEffect = false
        for id in ids {
            let outcome = try await cancellations.cancel(
                execution: id,
                tenant: tenant,
                keepsUnknown: true
            )
            if outcome != .ended { hasEffect = true }
            Terminal.write("\(id.text)  \(outcome.rawValue)")
        }
        if !hasEffect { throw ExitCode(ExitStatus.unsuccessful.rawValue) }
    }
}
