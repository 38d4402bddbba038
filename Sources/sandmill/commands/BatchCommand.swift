import ArgumentParser

/// Works with batches.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Works with batches.",
        subcommands: [Submit.self, Wait.self, List.self, Status.self, Cancel.self]
    )
}
