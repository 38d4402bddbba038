import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Tells where an execution is.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tells where an execution or a batch is.",
        discussion: """
            Of what is queued: how many of its level are before it, and how long those would take \
            at the pace of the last minute. Of what runs: the worker and the sandbox. And each \
            attempt that ended, with its reason. Of what was refused: the dead letter, and all that \
            is wrong with it.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "The id of an execution or a batch, its beginning, or the name of a member of one."
    )
    var id: String

    @Flag(help: "Prints a JSON document, for programs.")
    var json = false

    func run() async throws {
        let database = DatabaseClient(try global.load())
        let id = try await database.anything(id)
        if let record = try await database.executions.execution(id) {
            if json { return Terminal.write(record.json) }
            let trace = try await database.executions.trace(id)
            let told = record.told
            var rows = told.rows + (trace?.rows ?? [])
            for step in told.steps(attempts: trace?.attempts ?? [], at: Date()) {
                let milliseconds = Int64((step.duration / .milliseconds(1)).rounded())
                rows.append([step.name.text, "\(milliseconds) ms"])
            }
            if record.state == .queued, let reason = await database.idleness(of: record.pool) {
                rows.append(["nothing runs it", "it waits in the queue, \(reason)"])
            }
            Terminal.write(table: rows)
        } else if let batch = try await database.executions.batch(id) {
            if json { return Terminal.write(batch.json) }
            Terminal.write(table: batch.rows)
        } else if let letter = try await database.letters.letter(of: id, tenant: nil) {
            if json { return Terminal.write(letter.json) }
            Terminal.write(table: letter.refusalRows)
        } else {
            throw Failure(.wrongInput, "nothing with the id \(id.text) is known")
        }
    }
}

/// Prints the result of an execution.
struct ResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Prints an execution's result document.",
        discussion: "Ends with 75 while the execution has not ended."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp.execution)
    var id: String

    func run() async throws {
        let database = DatabaseClient(try global.load())
        let id = try await database.execution(id)
        guard let record = try await database.executions.execution(id) else {
            if let letter = try await database.letters.letter(of: id, tenant: nil) {
                throw Failure(
                    .wrongInput,
                    "its request was refused: \(letter.letter.reason.printable); see sandmill dead show "
                        + "\(letter.id)"
                )
            }
            throw Failure(.wrongInput, "nothing with the id \(id.text) is known")
        }
        guard let end = FinishedEvent(record) else {
            throw Failure(.tryAgain, "it is \(record.told.state.rawValue)")
        }
        Terminal.write(end.json)
    }
}

extension ExecutionRecord {
    fileprivate var rows: [[String]] {
        [
            ["execution", id.text],
            ["state", state.rawValue + (reason.map { " (\($0))" } ?? "")],
            ["tenant", tenant],
            ["pool", "\(pool), \(level.rawValue)"],
            ["batch", batchID?.text ?? "-"],
            ["attempt", String(attempt)],
            ["worker", worker.map { isHeld ? "\($0), which has claimed it" : $0 } ?? "-"],
            ["submitted", submittedAt.formatted(.iso8601)],
            ["started", startedAt?.formatted(.iso8601) ?? "-"],
            ["finished", finishedAt?.formatted(.iso8601) ?? "-"],
        ]
    }
}

extension StoredDeadLetter {
    fileprivate var refusalRows: [[String]] {
        [
            ["refused", letter.properties.messageID?.printable ?? "-"],
            ["dead letter", "\(id) (sandmill dead show \(id))"],
            ["kept", keptAt.formatted(.iso8601)],
            ["tenant", tenant.printable],
            ["queue", letter.queue.printable],
            ["error", letter.errorType],
        ] + letter.faults.map { ["reason", $0.reason.printable] }
    }
}

extension ExecutionTrace {
    fileprivate var rows: [[String]] {
        var rows: [[String]] = []
        if let wait { rows += wait.rows(at: Date()) }
        if let sandbox { rows.append(["sandbox", String(sandbox.prefix(12))]) }
        if let cancelledAt {
            rows.append(["to be cancelled", "since \(cancelledAt.formatted(.iso8601))"])
        }
        return rows + attempts.map { ["attempt \($0.number)", $0.summary] }
    }
}

extension AttemptRecord {
    fileprivate var summary: String {
        let ending = state.rawValue + (reason.map { " (\($0))" } ?? "")
        return "\(ending), \(finishedAt.formatted(.iso8601)), worker \(worker)"
            + (sandbox.map { ", sandbox \($0.prefix(12))" } ?? "")
    }
}
