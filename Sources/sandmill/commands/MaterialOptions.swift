import ArgumentParser
import Foundation
import SandmillClient
import SandmillEntity
import SandmillService

/// What a program is given, or each program of a batch, as flags.
struct MaterialOptions: ParsableArguments {
    @Option(
        name: .customLong("file"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "A file that it finds beside it, in place of its own of that name.",
            valueName: "file"
        ),
        completion: .file()
    )
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "What it reads from standard input; - for ours.",
            valueName: "file"
        ),
        completion: .file()
    )
    var stdin: String?

    @Option(
        name: .customLong("arg"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An argument for it.", valueName: "text")
    )
    var arguments: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A variable of its environment.", valueName: "name=value")
    )
    var env: [Assignment] = []

    /// Whether anything is given.
    var isAskedFor: Bool {
        !files.isEmpty || stdin != nil || !arguments.isEmpty || !env.isEmpty
    }

    /// Reads it.
    func read() throws -> SharedMaterial {
        SharedMaterial(
            files: try files.map { path in
                RequestDraft.File(
                    path: URL(filePath: path).lastPathComponent,
                    content: try Input.read(path)
                )
            },
            stdin: try stdin.map { try Input.read($0) },
            arguments: arguments,
            environment: env.dictionary
        )
    }
}
