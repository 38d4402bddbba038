import ArgumentParser
import FoundationEssentials
import SandmillConfiguration
import SandmillEntity
import SandmillService

/// Which dead letters a command means.
struct DeadLetterSelectionOptions: ParsableArguments {
    @Argument(help: "The numbers of letters (default: all that the filters leave).")
    var ids: [Int64] = []

    @Option(
        name: .customLong("error-type"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Only letters of this type: invalid_request, too_large, id_conflict, "
                + "forbidden_tenant, unroutable or given_up; may be repeated.",
            valueName: "type"
        )
    )
    var errorTypes: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only letters with this in their reason, such as /limits.",
            valueName: "text"
        )
    )
    var reason: String?

    @Option(
        name: .customLong("pool"),
        parsing: .singleValue,
        help: "Only letters for this pool; may be repeated."
    )
    var pools: [String] = []

    @Option(
        name: .customLong("tenant"),
        parsing: .singleValue,
        help: "Only letters of this tenant; may be repeated."
    )
    var tenants: [String] = []

    @Option(help: ArgumentHelp("Only letters kept longer ago, such as 30d.", valueName: "age"))
    var olderThan: Age?

    @Option(help: ArgumentHelp("Only letters kept since, such as 90m or 2h.", valueName: "age"))
    var newerThan: Age?

    @Option(
        help: ArgumentHelp(
            "Only letters of this batch, by its id or its beginning, and of its members.",
            valueName: "id"
        )
    )
    var batch: String?

    /// Whether every dead letter is meant.
    var isEmpty: Bool { batch == nil && filter(batch: nil).isEmpty }

    /// The dead letters to which all of it applies.
    ///
    /// - Throws: ``Failure`` for what is the beginning of no batch's id, or of several.
    func filter(in database: DatabaseClient) async throws -> DeadLetterFilter {
        guard let batch else { return filter(batch: nil) }
        return filter(batch: try await database.batch(batch))
    }

    private func filter(batch: UUID?) -> DeadLetterFilter {
        DeadLetterFilter(
            ids: ids.isEmpty ? nil : ids,
            errorTypes: errorTypes,
            reason: reason,
            pools: pools,
            tenants: tenants,
            olderThan: olderThan?.duration,
            newerThan: newerThan?.duration,
            batch: batch
        )
    }
}

/// An argument such as `90m`, `2h` or `30d`, or seconds without a unit.
struct Age: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Duration(setting: argument) else { return nil }
        self.duration = duration
    }
}

/// An argument of the form `pool.level`.
struct Destination: ExpressibleByArgument {
    /// What leads a message there.
    let routingKey: String

    init?(argument: String) {
        guard let separator = argument.lastIndex(of: "."),
            Name.isValid(String(argument[..<separator])),
            Level(rawValue: String(argument[argument.index(after: separator)...])) != nil
        else { return nil }
        routingKey = argument
    }
}
