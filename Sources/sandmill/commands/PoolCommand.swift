import ArgumentParser
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

    func run() async throws {
        let database = DatabaseClient(try global.load())
        let header = ["pool", "worker", "sandbox", "state", "tenant", "uses", "memory"]
        let rows = try await database.workers.sandboxes().map { sandbox in
            [
                sandbox.pool, sandbox.worker, String(sandbox.container?.prefix(12) ?? "-"),
                sandbox.state, sandbox.tenant ?? "-", String(sandbox.uses),
                "\(sandbox.memory.bytes >> 20) MiB",
            ]
        }
        Terminal.write(table: [header] + rows)
    }
}
