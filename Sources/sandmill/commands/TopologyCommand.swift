import ArgumentParser
import SandmillConfiguration
import SandmillRabbitMQ

/// Shows, makes and checks the broker's exchanges and queues.
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Shows, makes and checks exchanges and queues.",
        subcommands: [Show.self, Declare.self, Verify.self]
    )

    /// Prints the topology.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Prints what this configuration declares."
        )

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let broker = try global.load().makeBroker(logger: "sandmill", quiet: true)
            for line in broker.topology.lines { Terminal.write(line) }
        }
    }

    /// Makes what is missing.
    struct Declare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "declare",
            abstract: "Makes what is missing on the broker."
        )

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let broker = try global.load().makeBroker(logger: "sandmill", quiet: true)
            try await broker.declareTopology()
            Terminal.write("The topology is complete.")
        }
    }

    /// Compares.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Compares the broker with this configuration; ends with 78 if they differ."
        )

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let broker = try global.load().makeBroker(logger: "sandmill", quiet: true)
            try await broker.verifyTopology()
            Terminal.write("The topology is as declared.")
        }
    }
}
