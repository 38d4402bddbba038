import ArgumentParser
import Foundation
import SandmillConfiguration
import SandmillRepository
import SandmillService
import UnixSignals

/// Shows what an installation does, redrawn in place.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows pools, rates, waits and what runs, redrawn in place.",
        discussion: """
            Rates and waits are of the last minute. It ends with Ctrl-C. Where standard output is no terminal, or \
            with --once, it prints one screen.
            """
    )

    private static let window: Duration = .seconds(60)

    @OptionGroup var global: GlobalOptions

    @Option(help: "Seconds between two screens, from 1.")
    var interval = 2

    @Flag(help: "Prints one screen.")
    var once = false

    func validate() throws {
        if interval < 1 { throw ValidationError("--interval is at least 1.") }
    }

    func run() async throws {
        let configuration = try global.load()
        let database = DatabaseClient(configuration)
        let broker = try BrokerClient(configuration)
        guard !once, Terminal.showsOutput else {
            let screen = try await look(configuration, database, broker)
            for line in screen.lines(width: Terminal.width ?? 120, height: 1_000) {
                Terminal.write(line)
            }
            return
        }
        // The other screen of the terminal, without a cursor; what was there comes back at the end.
        Terminal.write(bytes: Array("\u{1B}[?1049h\u{1B}[?25l".utf8))
        defer { Terminal.write(bytes: Array("\u{1B}[?25h\u{1B}[?1049l".utf8)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
            group.addTask {
                while true {
                    let screen = try await look(configuration, database, broker)
                    draw(screen)
                    try await ContinuousClock().sleep(for: .seconds(interval))
                }
            }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch is CancellationError {}
        }
    }

    private func look(
        _ configuration: Configuration,
        _ database: DatabaseClient,
        _ broker: BrokerClient
    ) async throws -> TopScreen {
        let pools = configuration.pools.map(\.name)
        let census = try await database.statistics.census()
        let all = Set(pools + census.executions.map(\.pool)).sorted()
        return TopScreen(
            cluster: configuration.cluster,
            queues: try? await broker.queues(),
            census: census,
            workers: try await database.directory.workers(),
            activity: try await database.statistics.activity(
                of: all,
                within: Self.window,
                limit: 200
            ),
            pools: pools,
            window: Self.window,
            time: Date()
        )
    }

    private func draw(_ screen: TopScreen) {
        let lines = screen.lines(width: Terminal.width ?? 80, height: Terminal.height ?? 24)
        let text = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        // Home, the lines, and nothing below them: nothing is cleared first, so nothing flickers.
        Terminal.write(bytes: Array("\u{1B}[H\(text)\u{1B}[J".utf8))
    }
}
