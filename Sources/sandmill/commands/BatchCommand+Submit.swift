import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillService

extension BatchCommand {
    /// Publishes a batch.
    struct Submit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "submit",
            abstract: "Publishes a batch, and waits for its results if asked to.",
            discussion: """
                Example: sandmill batch submit submissions --cases cases --wait --report marks.csv
                Example: sandmill batch submit simulate.py --inputs parameters --max-running 4
                Example: sandmill batch submit requests.ndjson --wait

                Of a DIRECTORY each program is an execution: every *.py, *.sh, *.js, *.c and *.cpp \
                (NAME.in beside NAME.py is its standard input, and the files of a directory NAME \
                its files), and every subdirectory with a main.py or the like, with all files in \
                it. Links are not followed. Whatever else is in it, and a program for which the \
                pool has no runtime, is named as not run, with the reason, on standard error, in \
                the table and in the report. --file, --arg, --env and --stdin give every program \
                what they say. With --cases every \
                program is run once for each case, as sandmill submit --cases does it.

                With --inputs a PROGRAM is an execution for each file of a directory, which it \
                reads from standard input. A FILE.ndjson, or - for standard input, has one request \
                a line, with "id" and "level" beside it if you choose them.

                The batch's id is printed once the broker has every request; with --wait, to \
                standard error, and then a terminal shows a progress bar and a table, while \
                anything else gets one result document a line, as they come.

                Ids follow from the content, so what was submitted before and has not changed is \
                not run again: --wait then shows the results that are there. When some members \
                change, or are added, the batch is another, of these alone. --again runs all.

                A batch of at most 10,000 members of one level that fits into one message is sent \
                as one; another is sent as a message a member.

                With --wait it ends with 1 unless all succeeded, and with 75 when --timeout has \
                passed.
                """
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var material: BatchRequestOptions
        @OptionGroup var request: RequestOptions
        @OptionGroup var tests: CaseOptions
        @OptionGroup var conclusion: BatchWaitOptions

        @Option(
            help: "The batch's id (default: one that follows from the content).",
            transform: Parse.uuid
        )
        var id: UUID?

        @Flag(help: "Runs what was submitted before once more, under new ids.")
        var again = false

        @Option(help: ArgumentHelp("How many members may run at once.", valueName: "count"))
        var maxRunning: Int?

        @Flag(help: "Waits until every member has ended.")
        var wait = false

        func validate() throws {
            try material.check(request, tests)
            if again, id != nil { throw ValidationError("--again and --id exclude each other.") }
            if let maxRunning, !(1...1_000_000).contains(maxRunning) {
                throw ValidationError("--max-running is from 1 to 1000000.")
            }
            if !wait, conclusion.isAskedFor {
                throw ValidationError("--report and --timeout need --wait.")
            }
        }

        func run() async throws {
            let begin = ContinuousClock.now
            let report = try conclusion.openReport()
            var configuration = try global.load()
            let database = DatabaseClient(configuration)
            configuration.assume(await database.runtimes(of: request.pool), of: request.pool)
            let (draft, leftOut) = try material.draft(
                request,
                tests,
                runtimes: configuration.runtimes(of: request.pool)
            )
            let plan = try await plan(draft, configuration, database)
            let broker = try BrokerClient(configuration)
            guard wait else {
                try await send(plan, by: broker, unlessKnownTo: database)
                Terminal.write(plan.id.text)
                return
            }
            let topics = BatchWatch.topics(pool: plan.pool, tenant: plan.tenant)
            let progress = try await broker.events.withSubscription(to: topics) { subscription in
                try await send(plan, by: broker, unlessKnownTo: database)
                let watch = BatchWatch(
                    batch: plan.entries.isEmpty ? nil : plan.id,
                    others: plan.known,
                    tenant: plan.tenant,
                    records: database.records,
                    begin: begin
                )
                return try await conclusion.follow(
                    watch,
                    of: plan.id,
                    isNew: true,
                    size: plan.entries.count + plan.known.count,
                    subscription: subscription
                )
            }
            try conclusion.conclude(
                progress,
                members: plan.labels,
                leftOut: leftOut,
                report: report
            )
        }

        /// Plans the batch, under an id that no other tenant has taken as far as that is known.
        private func plan(
            _ draft: BatchDraft,
            _ configuration: Configuration,
            _ database: DatabaseClient
        ) async throws -> BatchPlan {
            if again, let member = draft.members.first(where: { $0.id != nil }) {
                throw Failure(
                    .wrongInput,
                    "\(member.name) has an id of its own, which --again cannot repeat"
                )
            }
            return try await BatchPlan(
                draft,
                template: request.template(replyTo: nil),
                id: again ? .random() : id,
                maximumRunning: maxRunning,
                pools: Set(configuration.pools.map(\.name)),
                limit: configuration.broker.maximumBody,
                unlessTakenIn: database.records
            )
        }

        /// Sends a batch, unless all of it is known to have arrived.
        ///
        /// Of one that is a message a member some may have been lost on the way; those that were not
        /// are known by their ids. Without the record store all is sent, and the workers see to it
        /// that nothing runs twice.
        private func send(
            _ plan: BatchPlan,
            by broker: BrokerClient,
            unlessKnownTo database: DatabaseClient
        ) async throws {
            let count = plan.entries.count + plan.known.count
            if plan.entries.isEmpty {
                Terminal.writeError("all \(count) were submitted before; --again runs them")
                return
            }
            if !plan.known.isEmpty {
                Terminal.writeError(
                    "\(plan.known.count) of \(count) have not changed since they were submitted and are not run "
                        + "again: the batch has the others, and the same command with --wait shows all; --again "
                        + "runs all"
                )
            }
            do {
                if !again, let record = try await plan.record(in: database.records) {
                    let time = record.submittedAt.formatted(.iso8601)
                    Terminal.writeError("already submitted at \(time); --again repeats it")
                    if plan.message != nil || record.finishedAt != nil { return }
                }
            } catch let error as StoreError where error.isRetryable {
                Terminal.writeError(
                    "it is not known whether this was submitted before: \(error.message)"
                )
            }
            try await broker.submit(plan)
        }
    }
}
