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

    @Option(help: ArgumentHelp("Real time it may take, such as 10 or 2m.", valueName: "time"))
    var wall: Age?

    @Option(help: ArgumentHelp("CPU time it may take, such as 5 or 500ms.", valueName: "time"))
    var cpu: Age?

    @Option(help: "Memory it may take, such as 64MiB.")
    var memory: Size?

    @Option(help: "Processes and threads it may have at once.")
    var processes: Int64?

    @Option(help: "The stack of its first thread, such as 8MiB (default: as much as its memory).")
    var stack: Size?

    @Option(help: ArgumentHelp("How much of its output is kept.", valueName: "size"))
    var maxStdout: Size?

    @Option(help: ArgumentHelp("How much of its standard error is kept.", valueName: "size"))
    var maxStderr: Size?

    @Option(help: ArgumentHelp("How much of its files is kept, together.", valueName: "size"))
    var maxOutput: Size?

    @Option(help: ArgumentHelp("How many of its files are kept.", valueName: "count"))
    var maxFiles: Int64?

    @Option(
        name: .customLong("build-arg"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "An argument for its compiler, such as -lm or -DN=5, as far as the configuration allows.",
            valueName: "argument"
        )
    )
    var buildArguments: [String] = []

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
            "It does not start before, such as 2026-11-23T17:00:00Z, or 2h from now.",
            valueName: "time"
        )
    )
    var notBefore: Moment?

    @Option(
        help: ArgumentHelp(
            "It ends in expired when it has not started by then, such as 2026-11-23T17:00:00Z, or 2h from now.",
            valueName: "time"
        )
    )
    var deadline: Moment?

    @Option(
        help: ArgumentHelp("Runs it again, so often at most, when it fails.", valueName: "count")
    )
    var retry: Int?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Only after such an end: failed, timed_out, out_of_memory or output_exceeded.",
            valueName: "state"
        )
    )
    var retryOn: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long it is kept from its end on, such as 60d (default: as the configuration says).",
            valueName: "time"
        )
    )
    var retain: String?

    func validate() throws {
        if retry == nil, !retryOn.isEmpty { throw ValidationError("--retry-on needs --retry.") }
    }

    /// The limits that were asked for.
    var limits: RequestDraft.Limits {
        var limits = RequestDraft.Limits()
        limits.wallSeconds = wall.map { $0.duration / .seconds(1) }
        limits.cpuSeconds = cpu.map { $0.duration / .seconds(1) }
        limits.memoryBytes = memory?.bytes.bytes
        limits.processes = processes
        limits.stackBytes = stack?.bytes.bytes
        limits.stdoutBytes = maxStdout?.bytes.bytes
        limits.stderrBytes = maxStderr?.bytes.bytes
        limits.outputBytes = maxOutput?.bytes.bytes
        limits.outputFiles = maxFiles
        return limits
    }

    /// The isolation that was asked for.
    var isolation: String? { fresh ? Isolation.fresh.rawValue : nil }

    /// The labels, the last of a name standing.
    var labels: [String: String] { label.dictionary }

    /// Whether anything is said that only a program of ours can be given, not a finished request.
    var describesPrograms: Bool {
        limits != RequestDraft.Limits() || !outputs.isEmpty || fresh || !label.isEmpty
            || retain != nil || !buildArguments.isEmpty || notBefore != nil || deadline != nil
            || retry != nil
    }

    /// Gives a request what was asked for.
    func apply(to draft: inout RequestDraft) {
        draft.outputs = outputs
        draft.limits = limits
        draft.buildArguments = buildArguments.isEmpty ? nil : buildArguments
        draft.isolation = isolation
        draft.notBefore = notBefore?.text
        draft.deadline = deadline?.text
        draft.retry = retry.map {
            RequestDraft.Retry(max: $0, on: retryOn.isEmpty ? nil : retryOn)
        }
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

/// An argument such as `2026-11-23T17:00:00Z`, or `2h` for a time from now.
struct Moment: ExpressibleByArgument {
    /// In RFC 3339.
    let text: String

    init?(argument: String) {
        if let age = Age(argument: argument) {
            text = DocumentCoder.text(Date().addingTimeInterval(age.duration / .seconds(1)))
        } else if argument.contains("T") {
            text = argument
        } else {
            return nil
        }
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
