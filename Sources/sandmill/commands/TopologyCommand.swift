import ArgumentParser
import SandmillConfiguration
import SandmillRabbitMQ

/// Shows, makes, checks and removes the broker's exchanges and queues.
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Shows, makes, checks and removes exchanges and queues.",
        subcommands: [Show.self, Declare.self, Verify.self, Remove.self]
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

    /// Removes everything of an installation that is given up.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Removes exchanges and queues of an installation that is given up.",
            discussion: """
                Nothing is removed while a queue has messages or consumers, unless --force is given. The record \
                store and the results stay.
                """
        )

        @Flag(help: "Removes queues though they have messages, which are lost, or consumers.")
        var force = false

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let broker = try global.load().makeBroker(logger: "sandmill", quiet: true)
            try await broker.removeTopology(evenIfUsed: force)
            Terminal.write("The topology is removed.")
        }
    }
}
