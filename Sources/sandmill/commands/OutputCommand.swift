import ArgumentParser
import Foundation
import SandmillConfiguration
import SandmillEntity
import SandmillResults
import SandmillService

/// Prints what a program writes.
struct OutputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "output",
        abstract: "Prints what a program writes, while it runs or afterwards.",
        discussion: """
            Its standard output goes to ours, byte for byte from its beginning. With --stderr its \
            standard error goes to ours as well; which of the two wrote first is not known.

            What is kept is printed: a stream past its limit has lost its middle. If an attempt is \
            lost, the output of the next follows from its beginning. Standard error says both, \
            with "sandmill: " before it.

            Ends with 0 whatever became of the program; "sandmill result" tells that. Without \
            --follow it ends with 75 while the program may write more. It needs results.root to \
            be the workers' directory.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The execution's id.", transform: Parse.uuid)
    var id: UUID

    @Flag(help: "Waits for what comes, until the execution has ended.")
    var follow = false

    @Flag(name: .customLong("stderr"), help: "Prints its standard error too.")
    var printsErrors = false

    func run() async throws {
        let configuration = try global.load()
        let follower = OutputFollower(
            records: DatabaseClient(configuration).executions,
            source: try OutputFiles(root: configuration.resultsRoot)
        )
        guard let output = try await follower.output(of: id, untilEnd: follow) else {
            throw Failure(.wrongInput, "nothing with the id \(id.text) is known")
        }
        for try await piece in output { try tell(piece.output) }
    }

    private func tell(_ piece: OutputEvent) throws(Failure) {
        switch piece {
        case .bytes(.stdout, let bytes):
            try Terminal.write(bytes, to: .standardOutput)
        case .bytes(.stderr, let bytes):
            if printsErrors { try Terminal.write(bytes, to: .standardError) }
        case .dropped(let stream, let count, let offset):
            guard stream == .stdout || printsErrors else { return }
            Terminal.writeError(
                """
                sandmill: \(count.bytes) bytes of \(stream) are not kept, behind the first \
                \(offset.bytes)
                """
            )
        case .restarted(let attempt):
            Terminal.writeError(
                "sandmill: the attempt was lost; attempt \(attempt) begins from the start"
            )
        case .over(let state):
            guard state.isTerminal else { throw Failure(.tryAgain, "it is \(state.rawValue)") }
        }
    }
}
