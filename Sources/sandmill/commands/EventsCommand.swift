import ArgumentParser
import SandmillConfiguration
import SandmillRabbitMQ
import SandmillService

/// Prints completion events.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Prints events as they are published, one JSON document a line.",
        discussion: """
            Events are routed by execution.<state>.<pool>.<tenant>, \
            batch.completed.<pool>.<tenant> and request.refused.<pool>.<tenant>; a pattern has * for \
            one word and # for any number.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Prints only topics that match (default: #).", valueName: "pattern")
    )
    var match: [String] = []

    @Flag(help: "Goes on until interrupted, instead of ending after --count events.")
    var follow = false

    @Option(help: "How many events to wait for without --follow.")
    var count = 1

    func validate() throws {
        guard count > 0 else { throw ValidationError("--count is at least 1.") }
    }

    func run() async throws {
        let broker = try BrokerClient(global.load())
        try await broker.events.withSubscription(to: match.isEmpty ? ["#"] : match) {
            subscription in
            var remaining = count
            for try await message in subscription.events {
                Terminal.write(String(decoding: message.body, as: UTF8.self))
                remaining -= 1
                if !follow, remaining <= 0 { return }
            }
        }
    }
}
