import ArgumentParser
import SandmillAPI
import SandmillClient
import SandmillConfiguration
import SandmillRepository
import SandmillService

/// Works with workers.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Lists workers, and has one drained.",
        subcommands: [List.self, Drain.self]
    )

    /// Prints which there are.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Prints the workers and what they do."
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var format: ListFormat

        func run() async throws {
            let directory = DatabaseClient(try global.load()).directory
            let list = WorkerList(try await directory.workers())
            format.write(list, as: list.table)
        }
    }

    /// Has one take nothing more.
    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drain",
            abstract: "Has a worker take nothing more, and waits until it holds nothing.",
            discussion: """
                It finishes what it has claimed and goes on running, so that it can be stopped at any time \
                without delay. It stays drained until it is stopped in good order, or --undo. When this command is \
                interrupted, the worker drains all the same.
                """
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The worker's name.")
        var id: String

        @Flag(help: "Does not wait.")
        var noWait = false

        @Flag(help: "Has it take again.")
        var undo = false

        func run() async throws {
            let configuration = try global.load()
            let database = DatabaseClient(configuration)
            let directory = database.directory
            let record = try await directory.drain(worker: id, isWanted: !undo)
            guard var record else {
                throw Failure(.wrongInput, "there is no worker \"\(id.printable)\"")
            }
            try await database.note(undo ? "undrain" : "drain", "worker", id)
            // The row is what counts; without a broker the worker looks at it within ten seconds.
            let hint = ControlMessage(drain: id).outboundMessage
            _ = try? await BrokerClient(configuration).publish([hint])
            if undo || noWait {
                Terminal.write("\(id.printable)  \(undo ? "active" : record.state.rawValue)")
                return
            }
            var told = -1
            while record.state == .draining || record.state == .active {
                let held = record.running + record.claimed
                if held != told {
                    told = held
                    Terminal.writeError(
                        "sandmill: \(id.printable) has \(told) executions to finish"
                    )
                }
                try await ContinuousClock().sleep(for: .milliseconds(500))
                guard let next = try await directory.workers().first(where: { $0.id == id }) else {
                    Terminal.write("\(id.printable)  stopped")
                    return
                }
                record = next
            }
            if record.state == .lost {
                throw Failure(
                    .tryAgain,
                    "the worker \"\(id.printable)\" is lost: another takes over what it ran"
                )
            }
            Terminal.write("\(id.printable)  drained")
        }
    }
}

/// Prints what waits where.
struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "Prints what waits in the broker and in the record store.",
        discussion: """
            A row for each queue of the broker, and below it one for each tenant of which executions wait in the \
            record store, with how long the oldest has waited.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var format: ListFormat

    func run() async throws {
        let configuration = try global.load()
        let database = DatabaseClient(configuration)
        let list = QueueList(
            try await BrokerClient(configuration).queues(),
            lanes: try await database.statistics.waitingLanes(limit: 1_000),
            workers: try await database.directory.workers()
        )
        format.write(list, as: list.table)
    }
}

/// How a list is printed.
struct ListFormat: ParsableArguments {
    @Flag(help: "Prints a JSON document, for programs.")
    var json = false

    @Flag(help: "Prints comma-separated values.")
    var csv = false

    func validate() throws {
        if json && csv { throw ValidationError("--json and --csv exclude each other.") }
    }

    /// Writes a list for whoever reads it.
    func write(_ list: some Encodable, as table: CSVTable) {
        if json {
            Terminal.write(String(decoding: DocumentCoder.encode(list), as: UTF8.self))
        } else if csv {
            Terminal.write(bytes: Array(table.text.utf8))
        } else {
            let header = table.columns.map { $0.replacing("_", with: " ") }
            Terminal.write(table: [header] + table.rows.map { $0.map(\.word) })
        }
    }
}

extension CSVTable.Value {
    /// As it stands in a table for a person.
    fileprivate var word: String {
        switch self {
        case .text(let text): text.isEmpty ? "-" : text.printable
        case .number(let figure): figure
        case .none: "-"
        }
    }
}
