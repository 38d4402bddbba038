import ArgumentParser

/// Runs programs until told to stop.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Consumes requests and runs them until SIGTERM or SIGINT.",
        discussion: """
            On the first signal it takes nothing more, finishes what it has claimed and ends; what \
            it has not claimed the broker gives to another worker.
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await WorkerProcess(global.load()).run()
    }
}
