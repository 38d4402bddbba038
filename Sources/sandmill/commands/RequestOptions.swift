import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillService

/// What a request may say beside its program, as flags.
struct RequestOptions: ParsableArguments {
    @Option(help: "The pool that runs it.")
    var pool = "python"

    @Option(help: "high, normal or low.", transform: Parse.level)
    var level = Level.normal

    @Option(help: "Whose it is.")
    var tenant = "default"

    @Option(help: "Real seconds it may take.")
    var wall: Seconds?

    @Option(help: "CPU seconds it may take.")
    var cpu: Seconds?

    @Option(help: "Memory it may take, such as 64MiB.")
    var memory: Size?

    @Option(help: "Processes and threads it may have at once.")
    var processes: Int64?

    @Flag(help: "Runs it in a sandbox that nobody has used before or uses after.")
    var fresh = false

    @Option(
        name: .customLong("output"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Keeps only files that match, such as *.csv or plots/**.",
            valueName: "glob"
        )
    )
    var outputs: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A label that the result repeats.", valueName: "name=value")
    )
    var label: [Assignment] = []

    @Option(
        help: ArgumentHelp(
            "How long it is kept from its end on, such as 60d (default: as the configuration says).",
            valueName: "time"
        )
    )
    var retain: String?

    /// The limits that were asked for.
    var limits: RequestDraft.Limits {
        var limits = RequestDraft.Limits()
        limits.wallSeconds = wall?.number
        limits.cpuSeconds = cpu?.number
        limits.memoryBytes = memory?.bytes.bytes
        limits.processes = processes
        return limits
    }

    /// The isolation that was asked for.
    var isolation: String? { fresh ? Isolation.fresh.rawValue : nil }

    /// The labels, the last of a name standing.
    var labels: [String: String] { label.dictionary }

    /// Whether anything is said that only a program of ours can be given, not a finished request.
    var describesPrograms: Bool {
        limits != RequestDraft.Limits() || !outputs.isEmpty || fresh || !label.isEmpty
            || retain != nil
    }

    /// Gives a request what was asked for.
    func apply(to draft: inout RequestDraft) {
        draft.outputs = outputs
        draft.limits = limits
        draft.isolation = isolation
        draft.retain = retain
        draft.labels.merge(labels) { $1 }
    }

    /// An entry without a body.
    func template(replyTo: String?) -> Submitter.Entry {
        Submitter.Entry(
            id: UUID(),
            pool: pool,
            level: level,
            tenant: tenant,
            replyTo: replyTo,
            body: []
        )
    }
}

/// An argument such as `2.5`; finite, as JSON has no other numbers.
struct Seconds: ExpressibleByArgument {
    let number: Double

    init?(argument: String) {
        guard let number = Double(argument), number.isFinite else { return nil }
        self.number = number
    }
}

/// An argument such as `64MiB`.
struct Size: ExpressibleByArgument {
    let bytes: ByteCount

    init?(argument: String) {
        guard let bytes = ByteCount(setting: argument) else { return nil }
        self.bytes = bytes
    }
}

/// An argument of the form `name=value`.
struct Assignment: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else {
            return nil
        }
        name = String(argument[..<separator])
        value = String(argument[argument.index(after: separator)...])
    }
}

extension [Assignment] {
    /// The assignments, the last of a name standing.
    var dictionary: [String: String] {
        Dictionary(map { ($0.name, $0.value) }) { $1 }
    }
}

/// Arguments whose types are not ours.
enum Parse {
    /// Reads a level.
    static func level(_ argument: String) throws -> Level {
        guard let level = Level(rawValue: argument) else {
            throw ValidationError("\"\(argument)\" is not high, normal or low.")
        }
        return level
    }

    /// Reads the 36 characters of a UUID.
    static func uuid(_ argument: String) throws -> UUID {
        guard let uuid = UUID(text: argument) else {
            throw ValidationError("\"\(argument)\" is not a UUID.")
        }
        return uuid
    }
}
