import ArgumentParser
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Shows the sandboxes of all workers.
struct PoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Shows the sandboxes of all workers."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Prints a JSON document a line, for programs.")
    var json = false

    func run() async throws {
        let database = DatabaseClient(try global.load())
        let sandboxes = try await database.workers.sandboxes()
        if json {
            for sandbox in sandboxes { Terminal.write(sandbox.json.line) }
            return
        }
        let header = ["pool", "worker", "sandbox", "state", "tenant", "uses", "memory"]
        let rows = sandboxes.map { sandbox in
            [
                sandbox.pool, sandbox.worker, String(sandbox.container?.prefix(12) ?? "-"),
                sandbox.state, sandbox.tenant ?? "-", String(sandbox.uses),
                "\(sandbox.memory.bytes >> 20) MiB",
            ]
        }
        Terminal.write(table: [header] + rows)
    }
}

extension SandboxRecord {
    /// The sandbox as a document for programs.
    fileprivate var json: JSONValue {
        .object([
            "pool": .string(pool),
            "worker": .string(worker),
            "container": .optional(container),
            "state": .string(state),
            "tenant": .optional(tenant),
            "uses": .integer(Int64(uses)),
            "memory_bytes": .integer(memory.bytes),
            "execution_id": .optional(execution?.text),
        ])
    }
}
