import ArgumentParser
import Foundation
import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// Works with dead letters.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Works with dead letters: the messages that were refused.",
        discussion: """
            A letter is mended in three steps: sandmill dead show 17 --body > request.json, an \
            editor, and sandmill dead requeue 17 --body request.json.
            """,
        subcommands: [List.self, Show.self, Requeue.self, Purge.self]
    )

    /// Prints which there are.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Prints dead letters, newest first.",
            discussion: """
                Example: sandmill dead list --error-type invalid_request --newer-than 2h --json

                Everything that is asked for has to apply to a letter.
                """
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var selection: DeadLetterSelectionOptions

        @Option(help: "How many to print at most (default: all).")
        var limit: Int?

        @Flag(help: "Prints a JSON document a line, for programs.")
        var json = false

        func run() async throws {
            let database = DatabaseClient(try global.load())
            let filter = try await selection.filter(in: database)
            var table = DeadLetterTable()
            try await database.letters.forEachPage(of: filter, limit: limit) { page in
                if json {
                    for letter in page { Terminal.write(letter.json.line) }
                } else {
                    table.write(page)
                }
            }
        }
    }

    /// Prints one.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Prints everything about a dead letter.",
            discussion: "Example: sandmill dead show 17 --body > request.json"
        )

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its number.")
        var id: Int64

        @Flag(help: "Prints its body alone, byte for byte.")
        var body = false

        @Flag(help: "Prints a JSON document, for programs.")
        var json = false

        func validate() throws {
            if body && json { throw ValidationError("--body and --json exclude each other.") }
        }

        func run() async throws {
            let letters = DatabaseClient(try global.load()).letters
            guard let kept = try await letters.letter(id) else {
                throw Failure(.wrongInput, "there is no dead letter \(id)")
            }
            if json {
                Terminal.write(kept.json)
            } else if body {
                Terminal.write(bytes: kept.letter.body)
                if !kept.letter.isComplete {
                    Terminal.writeError("sandmill: this is \(kept.letter.extent)")
                }
            } else {
                Terminal.write(table: kept.rows)
                Terminal.write("")
                for line in kept.lines ?? ["(not text; see --body)"] { Terminal.write(line) }
            }
        }
    }
}
