import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillService

extension BatchCommand {
    /// Waits for a batch that was submitted.
    struct Wait: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "wait",
            abstract: "Waits for a batch, and shows its results.",
            discussion: """
                A terminal gets a progress bar and a table, anything else one result document a \
                line: first those that are there, however long ago they ended, then the others as \
                they come.

                A batch that no worker has taken in yet is waited for until --timeout, or for ten \
                seconds. It ends with 1 unless all members succeeded, and with 75 when --timeout \
                has passed.
                """
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var conclusion: BatchWaitOptions

        @Argument(help: ArgumentHelp.batch)
        var id: String

        @Option(help: "The pool it is for, while no worker has taken it in.")
        var pool = "python"

        @Option(help: "Whose it is, while no worker has taken it in.")
        var tenant = "default"

        func run() async throws {
            let begin = ContinuousClock.now
            let report = try conclusion.openReport()
            let configuration = try global.load()
            let database = DatabaseClient(configuration)
            let id = try await database.batch(id)
            let record = try await database.executions.batch(id)
            let tenant = record?.tenant ?? tenant
            let watch = BatchWatch(
                batch: id,
                tenant: tenant,
                records: database.records,
                begin: begin
            )
            let progress: BatchProgress
            if record?.finishedAt != nil {
                // Its events are gone, and the broker may be too.
                progress = try await conclusion.follow(
                    watch,
                    of: id,
                    size: record?.size,
                    subscription: nil
                )
            } else {
                let topics = BatchWatch.topics(pool: record?.pool ?? pool, tenant: tenant)
                progress = try await BrokerClient(configuration).events.withSubscription(
                    to: topics
                ) { subscription in
                    try await conclusion.follow(
                        watch,
                        of: id,
                        size: record?.size,
                        subscription: subscription
                    )
                }
            }
            try conclusion.conclude(progress, report: report)
        }
    }
}
