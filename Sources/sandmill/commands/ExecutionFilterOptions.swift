import ArgumentParser
import Foundation
import SandmillAPI
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillService

/// Which executions a command means, in the words of the gateway's queries.
struct ExecutionFilterOptions: ParsableArguments {
    @Option(parsing: .singleValue, help: "Only those in this state, such as failed.")
    var state: [String] = []

    @Option(parsing: .singleValue, help: "Only those that ended for this reason.")
    var reason: [String] = []

    @Option(parsing: .singleValue, help: "Only those of this pool.")
    var pool: [String] = []

    @Option(parsing: .singleValue, help: "Only those of this level.")
    var level: [String] = []

    @Option(parsing: .singleValue, help: "Only those of this tenant.")
    var tenant: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Only members of this batch, by its id or its beginning.",
            valueName: "id"
        )
    )
    var batch: [String] = []

    @Option(parsing: .singleValue, help: "Only those of this runtime.")
    var runtime: [String] = []

    @Option(parsing: .singleValue, help: "Only those that this worker runs, or ran last.")
    var worker: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Only those with this label.", valueName: "key=value")
    )
    var label: [String] = []

    @Option(
        name: .customLong("id"),
        parsing: .singleValue,
        help: ArgumentHelp("Only those whose id begins so.", valueName: "prefix")
    )
    var prefix: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only those submitted since, a time or an age such as 1d.",
            valueName: "time"
        )
    )
    var since: String?

    @Option(help: ArgumentHelp("Only those submitted before.", valueName: "time"))
    var until: String?

    /// What was given, as parameters.
    var parameters: [ListParameter] {
        get throws {
            let named: [(String, [String])] = [
                ("state", state), ("reason", reason), ("pool", pool), ("level", level),
                ("tenant", tenant), ("batch", batch), ("runtime", runtime), ("worker", worker),
                ("id", prefix), ("since", since.map { [$0] } ?? []),
                ("until", until.map { [$0] } ?? []),
            ]
            var parameters = named.flatMap { name, values in
                values.map { ListParameter(name, $0) }
            }
            for text in label {
                let words = text.split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                guard words.count == 2 else {
                    throw ValidationError("\"\(text)\" is not key=value.")
                }
                parameters.append(
                    ListParameter(ExecutionFilter.labelPrefix + words[0], String(words[1]))
                )
            }
            return parameters
        }
    }

    /// The same, with the whole ids of the batches.
    ///
    /// - Throws: ``Failure`` for what is the beginning of no batch's id, or of several.
    func resolved(in database: DatabaseClient) async throws -> ExecutionFilterOptions {
        var options = self
        options.batch = []
        for text in batch {
            let id = try await database.batch(
                text,
                tenant: tenant.count == 1 ? tenant.first : nil
            )
            options.batch.append(id.text)
        }
        return options
    }

    /// The filter, but for batches of which only the beginning of the id is given.
    var checked: ExecutionFilter {
        get throws {
            var options = self
            options.batch.removeAll { UUID(text: $0) == nil }
            return try options.filter
        }
    }

    /// Whether every execution is meant.
    var isEmpty: Bool {
        get throws { try batch.isEmpty && checked.isEmpty }
    }

    /// The filter; see ``parameters``.
    var filter: ExecutionFilter {
        get throws {
            do {
                return try ExecutionFilter(try parameters)
            } catch let refusal as ListRefusal {
                throw ValidationError("--\(refusal.parameter) \(refusal.message).")
            }
        }
    }

    func validate() throws {
        _ = try checked
    }
}

/// How a list is printed.
struct ListFormatOptions: ParsableArguments {
    @Flag(help: "Prints a JSON document a line, for programs.")
    var json = false

    @Flag(help: "Prints comma-separated values.")
    var csv = false

    func validate() throws {
        if json && csv { throw ValidationError("--json and --csv exclude each other.") }
    }

    /// Prints pages as they are asked for; a table below its header.
    ///
    /// - Parameters:
    ///   - fields: The columns of comma-separated values, which are fields of the documents.
    ///   - header: The columns of the table.
    ///   - limit: The most that is printed.
    ///   - page: Reads a page.
    ///   - document: An item for programs.
    ///   - row: An item for people.
    /// - Throws: What `page` throws.
    func write<Item: Sendable>(
        fields: [String],
        header: [String],
        limit: Int,
        page: (ListPageRequest) async throws -> ListPage<Item>,
        document: (Item) -> JSONValue,
        row: (Item) -> [String]
    ) async throws {
        var rest = limit
        var request = ListPageRequest()
        var widths: [Int] = []
        var isFirst = true
        while rest > 0 {
            request.limit = min(rest, ListPageRequest.maximumLimit)
            let found = try await page(request)
            rest -= found.items.count
            // A page may end before it is full, where it has looked far enough back.
            if found.items.isEmpty, let next = found.next {
                request.cursor = next
                continue
            }
            if json {
                for item in found.items { Terminal.write(document(item).line) }
            } else if csv {
                let text = CSVTable(fields, documents: found.items.map(document)).text
                let lines = isFirst ? text : String(text.drop { $0 != "\r\n" }.dropFirst())
                Terminal.write(bytes: Array(lines.utf8))
            } else {
                let rows = found.items.map { row($0).map(\.printable) }
                if isFirst, rows.isEmpty { Terminal.writeError("nothing matches") }
                let shown = isFirst && !rows.isEmpty ? [header] + rows : rows
                if isFirst {
                    widths = header.indices.map { column in
                        shown.map { $0[column].count }.max() ?? 0
                    }
                }
                for cells in shown {
                    let padded = zip(cells, widths).map { $0.padding(to: $1) }
                    let line = padded.joined(separator: " ")
                    Terminal.write(String(line.reversed().drop { $0 == " " }.reversed()))
                }
            }
            isFirst = false
            guard let next = found.next else { return }
            request.cursor = next
        }
    }
}
