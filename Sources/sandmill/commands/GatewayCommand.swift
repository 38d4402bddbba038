import ArgumentParser

/// Runs the HTTP gateway until told to stop.
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Answers HTTP requests until SIGTERM or SIGINT.",
        discussion: """
            It listens at gateway.listen. Requests are durable before they are answered, also while \
            the broker is away; workers run them. It needs results.root to be the workers' directory.

            Without access tokens it listens on loopback only; sandmill token create makes one.
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await GatewayProcess(global.load()).run()
    }
}

/// Runs a worker and the HTTP gateway in one process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Is a worker and a gateway in one process, until SIGTERM or SIGINT.",
        discussion: """
            On the first signal the gateway stops first, then the worker as it would alone.
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let configuration = try global.load()
        try await WorkerProcess(configuration).run(with: GatewayProcess(configuration))
    }
}
