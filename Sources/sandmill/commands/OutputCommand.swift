import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
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
            be the workers' directory, or, of what has ended, their bucket.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp.execution)
    var id: String

    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "Only what it wrote in this test case, by its name or its number from 1.",
            valueName: "case"
        )
    )
    var testCase: String?

    @Flag(help: "Waits for what comes, until the execution has ended.")
    var follow = false

    @Flag(name: .customLong("stderr"), help: "Prints its standard error too.")
    var printsErrors = false

    func validate() throws {
        if testCase != nil, follow {
            throw ValidationError("--case is for what has ended, and excludes --follow.")
        }
    }

    func run() async throws {
        let configuration = try global.load()
        let database = DatabaseClient(configuration)
        let id = try await database.execution(id)
        let source = try configuration.makeFiles(configuration.makeBucket())
        if let testCase {
            guard let record = try await database.executions.execution(id) else {
                throw Failure(.wrongInput, "nothing with the id \(id.text) is known")
            }
            return try await tell(testCase, of: record, by: source)
        }
        let follower = OutputFollower(records: database.executions, source: source)
        guard let output = try await follower.output(of: id, untilEnd: follow) else {
            throw Failure(.wrongInput, "nothing with the id \(id.text) is known")
        }
        for try await piece in output { try tell(piece.output) }
    }

    /// Prints what a case has written.
    private func tell(
        _ testCase: String,
        of record: ExecutionRecord,
        by source: any OutputSource
    ) async throws {
        guard record.state.isTerminal else {
            throw Failure(.tryAgain, "it is \(record.told.state.rawValue)")
        }
        let result = try RecordedResult(record)
        let names = (result.cases ?? []).map(\.name)
        let number = Int(testCase).map { $0 - 1 }.flatMap { names.indices.contains($0) ? $0 : nil }
        guard let path = result.resultsPath, let index = names.firstIndex(of: testCase) ?? number
        else {
            let known = names.isEmpty ? "none" : names.map(\.printable).joined(separator: ", ")
            throw Failure(.wrongInput, "it has no case \(testCase.printable); its cases: \(known)")
        }
        let place = OutputLocation.published(path: "\(path)/cases/\(index)")
        for stream in SandboxOutput.Stream.allCases where stream == .stdout || printsErrors {
            var offset = 0
            while let bytes = try await source.read(
                stream,
                at: place,
                from: offset,
                limit: 64 << 10
            ), !bytes.isEmpty {
                try tell(.bytes(stream, bytes))
                offset += bytes.count
            }
        }
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
