import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Lists executions.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists executions, newest first.",
        discussion: """
            Example: sandmill list --state failed --state errored --since 1d --label course=1

            Of several values of one option one has to apply, of several options all. A table shows \
            100, unless --limit or --all says otherwise.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var selection: ExecutionFilterOptions
    @OptionGroup var format: ListFormatOptions

    @Option(help: "How many to print at most.")
    var limit: Int?

    @Flag(help: "Prints all.")
    var all = false

    func validate() throws {
        if all, limit != nil { throw ValidationError("--all and --limit exclude each other.") }
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
    }

    func run() async throws {
        let database = DatabaseClient(try global.load())
        let executions = database.executions
        let filter = try await selection.resolved(in: database).filter
        let now = Date()
        try await format.write(
            fields: ExecutionSummary.fields,
            header: ["id", "state", "pool", "age", "took"],
            limit: all ? .max : limit ?? ListPageRequest.usualLimit,
            page: { try await executions.executions(filter, page: $0) },
            document: \.json,
            row: { $0.row(at: now) }
        )
    }
}

extension ExecutionSummary {
    /// The columns of a table that fits into 80: the id has 36.
    fileprivate func row(at now: Date) -> [String] {
        let ending = state.rawValue + (reason.map { ":\($0)" } ?? "")
        return [
            id.text,
            ending.cut(to: 20),
            pool.cut(to: 8),
            Self.short(now.timeIntervalSince(submittedAt)),
            wallSeconds.map { Self.short($0) } ?? "-",
        ]
    }

    /// A time in at most five characters.
    private static func short(_ seconds: Double) -> String {
        switch seconds {
        case ..<0: "0s"
        case ..<10: String(format: "%.1fs", seconds)
        case ..<100: "\(Int(seconds))s"
        case ..<6_000: "\(Int(seconds / 60))m"
        case ..<360_000: "\(Int(seconds / 3_600))h"
        default: "\(Int(seconds / 86_400))d"
        }
    }
}

extension BatchCommand {
    /// Lists batches.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Lists batches, newest first."
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var format: ListFormatOptions

        @Option(parsing: .singleValue, help: "Only those that are running, or completed.")
        var state: [String] = []

        @Option(parsing: .singleValue, help: "Only those of this pool.")
        var pool: [String] = []

        @Option(parsing: .singleValue, help: "Only those of this tenant.")
        var tenant: [String] = []

        @Option(
            help: ArgumentHelp("Only those since, a time or an age such as 1d.", valueName: "time")
        )
        var since: String?

        @Option(help: ArgumentHelp("Only those before.", valueName: "time"))
        var until: String?

        @Option(help: "How many to print at most.")
        var limit = ListPageRequest.usualLimit

        private var filter: BatchFilter {
            get throws {
                try BatchFilter(
                    state.map { ListParameter("state", $0) }
                        + pool.map { ListParameter("pool", $0) }
                        + tenant.map { ListParameter("tenant", $0) }
                        + (since.map { [ListParameter("since", $0)] } ?? [])
                        + (until.map { [ListParameter("until", $0)] } ?? [])
                )
            }
        }

        func validate() throws {
            do {
                _ = try filter
            } catch let refusal as ListRefusal {
                throw ValidationError("--\(refusal.parameter) \(refusal.message).")
            }
        }

        func run() async throws {
            let executions = DatabaseClient(try global.load()).executions
            let filter = try filter
            try await format.write(
                fields: BatchRecord.fields,
                header: ["id", "state", "pool", "ended", "size", "good"],
                limit: limit,
                page: { try await executions.batches(filter, page: $0) },
                document: \.json,
                row: { batch in
                    [
                        batch.id.text, batch.state.rawValue, batch.pool.cut(to: 8),
                        String(batch.size - batch.pending - batch.refused), String(batch.size),
                        String(batch.counts[.succeeded] ?? 0),
                    ]
                }
            )
        }
    }
}

/// Shows what people did.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Shows what people did, newest first: who, what, to how many."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var format: ListFormatOptions

    @Option(help: "How many to print at most.")
    var limit = ListPageRequest.usualLimit

    func run() async throws {
        let audit = DatabaseClient(try global.load()).audit
        try await format.write(
            fields: AuditEntry.fields,
            header: ["when", "who", "action", "target", "count", "subject"],
            limit: limit,
            page: { try await audit.acts(tenant: nil, page: $0) },
            document: \.json,
            row: { entry in
                [
                    entry.time.formatted(.iso8601), entry.act.actor, entry.act.action,
                    entry.act.target, String(entry.act.count), entry.act.subject,
                ]
            }
        )
    }
}
