import ArgumentParser
import Foundation
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Tells where an execution is.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tells where an execution or a batch is."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The id of an execution or a batch.", transform: Parse.uuid)
    var id: UUID

    func run() async throws {
        let database = DatabaseClient(try global.load())
        if let record = try await database.executions.execution(id) {
            Terminal.write(table: record.rows)
        } else if let batch = try await database.executions.batch(id) {
            Terminal.write(table: batch.rows)
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

    @Argument(help: "The execution's id.", transform: Parse.uuid)
    var id: UUID

    func run() async throws {
        let database = DatabaseClient(try global.load())
        guard let record = try await database.executions.execution(id) else {
            throw Failure(.wrongInput, "nothing with the id \(id.text) is known")
        }
        guard let result = record.result else {
            throw Failure(.tryAgain, "it is \(record.state.rawValue)")
        }
        Terminal.write(result)
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
            ["worker", worker ?? "-"],
            ["submitted", submittedAt.formatted(.iso8601)],
            ["started", startedAt?.formatted(.iso8601) ?? "-"],
            ["finished", finishedAt?.formatted(.iso8601) ?? "-"],
        ]
    }
}

extension BatchRecord {
    fileprivate var rows: [[String]] {
        [
            ["batch", id.text],
            ["size", String(size)],
            ["pending", String(pending)],
        ]
            + counts.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { [$0.key.rawValue, String($0.value)] }
    }
}
