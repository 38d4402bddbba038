import ArgumentParser
import Foundation
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillService

/// Works with batches.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Works with batches.",
        subcommands: [Submit.self, Status.self, Cancel.self]
    )

    /// Publishes a batch.
    struct Submit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "submit",
            abstract: "Publishes a batch, and waits for its results if asked to.",
            discussion: """
                A FILE.ndjson has one request a line, with "id" and "level" beside it if you \
                choose them. Of a DIRECTORY every *.py, *.sh, *.js, *.c and *.cpp becomes an \
                execution; NAME.in beside NAME.py is its standard input, and the files of a \
                directory NAME its files.

                The batch's id is printed once the broker has every request; with --wait, to \
                standard error, and then a terminal shows a progress bar and a table, while \
                anything else gets one result document a line, as they come.
                """
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var request: RequestOptions

        @Argument(help: "A directory of programs or a file of requests.", completion: .file())
        var source: String

        @Option(help: "The batch's id (default: a new one).", transform: Parse.uuid)
        var id: UUID?

        @Flag(help: "Waits until every member has ended.")
        var wait = false

        func run() async throws {
            let configuration = try global.load()
            let broker = try BrokerClient(configuration)
            guard wait else {
                let batch = try draft(replyTo: nil)
                try await broker.submit(batch.entries)
                Terminal.write(batch.id.text)
                return
            }
            let summary = try await broker.events.withSubscription(to: []) { subscription in
                let batch = try draft(replyTo: subscription.replyTo)
                try await broker.submit(batch.entries)
                Terminal.writeError(batch.id.text)
                let watch = CompletionWatch(
                    subscription: subscription,
                    executions: DatabaseClient(configuration).executions
                )
                return try await follow(batch, by: watch)
            }
            if Terminal.showsOutput { Terminal.write(table: summary.rows) }
        }

        private func draft(replyTo: String?) throws -> BatchDraft {
            let template = request.template(replyTo: replyTo)
            let batch = id ?? UUID()
            guard ProgramDirectory.isDirectory(source) else {
                return try BatchDraft(ndjson: try Input.read(source), id: batch, template: template)
            }
            var drafts = try ProgramDirectory(source).drafts()
            for index in drafts.indices {
                drafts[index].outputs = request.outputs
                drafts[index].limits = request.limits
                drafts[index].isolation = request.isolation
                drafts[index].labels.merge(request.labels) { $1 }
            }
            return BatchDraft(drafts, id: batch, template: template)
        }

        private func follow(
            _ batch: BatchDraft,
            by watch: CompletionWatch
        ) async throws -> BatchSummary {
            let ids = batch.entries.map(\.id)
            var summary = BatchSummary()
            var bar = Terminal.showsErrors ? ProgressBar(total: ids.count) : nil
            try await watch.follow(ids) { end in
                summary.count(end)
                if !Terminal.showsOutput { Terminal.write(end.document) }
                bar?.show(finished: summary.finished, failed: summary.unsuccessful)
            }
            return summary
        }
    }
}

/// How the members of a batch ended, by state and reason.
struct BatchSummary: Sendable {
    private var counts: [String: Int] = [:]
    private(set) var finished = 0
    private(set) var unsuccessful = 0

    mutating func count(_ event: FinishedEvent) {
        let reason = event.reason.map { " (\($0))" } ?? ""
        counts[event.state.rawValue + reason, default: 0] += 1
        finished += 1
        if !event.succeeded { unsuccessful += 1 }
    }

    /// The rows of a table, most frequent first.
    var rows: [[String]] {
        [["outcome", "executions"]]
            + counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                [$0.key, String($0.value)]
            }
    }
}
