import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillRepository
import SandmillService

/// Publishes one program.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Publishes a program, and waits for its result if asked to.",
        discussion: """
            The first file is the program; the others are put beside it by their names. What runs \
            it follows from its name: .py, .sh, .js, .c or .cpp; otherwise the pool decides. The id \
            is printed as soon as the broker has the request; with --wait, to standard error.

            With --cases it runs once for each case: each NAME.in of a directory is one, with what \
            is expected in NAME.out, or each element of a JSON array, written as a request's \
            "cases". A case says no more than it changes: without "stdin" or "args" it gets those \
            of --stdin and --arg.

            With --wait it ends with 1 unless the program succeeded, with 65 when the request is \
            refused, be it later by a worker, and with 75 when --timeout has passed.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var request: RequestOptions
    @OptionGroup var tests: CaseOptions
    @OptionGroup var material: MaterialOptions

    @Argument(help: "The program, then files it finds beside it.", completion: .file())
    var files: [String]

    @Option(help: "What runs it: python, sh, node, c or cpp.")
    var runtime: String?

    @Option(
        help: "The execution's id; the same id runs once (default: a new one).",
        transform: Parse.uuid
    )
    var id: UUID?

    @Option(
        help: ArgumentHelp("Cancels that execution in favour of this one.", valueName: "id"),
        transform: Parse.uuid
    )
    var supersedes: UUID?

    @Flag(help: "Waits for the end and prints the result document.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "Ends with 75 when it has not ended by then, such as 30s or 2h.",
            valueName: "time"
        )
    )
    var timeout: Age?

    func validate() throws {
        if !wait, timeout != nil { throw ValidationError("--timeout needs --wait.") }
    }

    func run() async throws {
        let begin = ContinuousClock.now
        let configuration = try global.load()
        var draft = try RequestDraft(files: files)
        draft.runtime = runtime ?? draft.runtime
        draft.supersedes = supersedes?.text
        request.apply(to: &draft)
        tests.apply(try tests.read(), to: &draft)
        try material.read().apply(to: &draft)
        let body = draft.encoded()

        let broker = try BrokerClient(configuration)
        guard wait else {
            let entry = entry(body: body, replyTo: nil)
            try await broker.submit([entry])
            Terminal.write(entry.id.text)
            await warnIfIdle(entry, DatabaseClient(configuration))
            return
        }
        try await broker.events.withSubscription(to: []) { subscription in
            let entry = entry(body: body, replyTo: subscription.replyTo)
            let database = DatabaseClient(configuration)
            if id != nil, let record = try? await database.executions.execution(entry.id) {
                let time = record.submittedAt.formatted(.iso8601)
                Terminal.writeError("the id is known since \(time)")
            }
            try await broker.submit([entry])
            let watch = CompletionWatch(
                execution: entry.id,
                tenant: entry.tenant,
                subscription: subscription,
                records: database.records,
                begin: begin
            )
            let end = try await Interruption.saying(
                "it goes on; to see its end: sandmill result \(entry.id.text)"
            ) {
                Terminal.writeError(entry.id.text)
                await warnIfIdle(entry, database)
                return try await watch.end(timeout: timeout?.duration)
            }
            Terminal.write(end.json)
            if !end.succeeded { throw ExitCode(ExitStatus.unsuccessful.rawValue) }
        }
    }

    private func warnIfIdle(_ entry: Submitter.Entry, _ database: DatabaseClient) async {
        guard let reason = await database.idleness(of: entry.pool) else { return }
        Terminal.writeError("it waits in the queue: \(reason)")
    }

    private func entry(body: [UInt8], replyTo: String?) -> Submitter.Entry {
        var entry = request.template(replyTo: replyTo)
        entry.id = id ?? entry.id
        entry.body = body
        return entry
    }
}
