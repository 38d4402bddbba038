import ArgumentParser
import Foundation
import SandmillClient
import SandmillEntity
import SandmillService

/// What a batch is made of, as arguments.
struct BatchRequestOptions: ParsableArguments {
    @Argument(
        help: "A directory of programs, a program for --inputs, or a file of requests.",
        completion: .file()
    )
    var source: String

    @Option(
        help: ArgumentHelp(
            "Runs one program for each file of a directory, which it reads.",
            valueName: "directory"
        ),
        completion: .directory
    )
    var inputs: String?

    @Option(
        help: ArgumentHelp(
            "What is started of each subdirectory (default: main.py, main.sh and so on).",
            valueName: "file"
        )
    )
    var entrypoint: String?

    @Option(help: "What runs the programs, such as python or c (default: by their names).")
    var runtime: String?

    /// Refuses what means nothing together.
    func check(_ request: RequestOptions, _ tests: CaseOptions) throws {
        if inputs != nil, tests.cases != nil {
            throw ValidationError("--inputs and --cases exclude each other.")
        }
        if let runtime, !Runtime.isValid(name: runtime) {
            throw ValidationError("--runtime is \(Runtime.nameRule).")
        }
        if let entrypoint, !InputPath.isValid(entrypoint) {
            throw ValidationError("--entrypoint is a path in each subdirectory.")
        }
    }

    /// Reads all of it; what is left out is said on standard error.
    func draft(_ request: RequestOptions, _ tests: CaseOptions) throws -> BatchDraft {
        let isDirectory = SourceDirectory.isDirectory(source)
        guard isDirectory || inputs != nil || Runtime.ofFile(source) != nil else {
            return try requests(request, tests)
        }
        guard isDirectory || entrypoint == nil else {
            throw Failure(.wrongUsage, "--entrypoint is for a directory of programs")
        }
        guard !isDirectory || inputs == nil else {
            throw Failure(.wrongUsage, "--inputs is for one program, and \(source) is a directory")
        }
        let cases = try tests.read()
        var programs = isDirectory ? try directory() : try program()
        for index in programs.indices {
            request.apply(to: &programs[index].request)
            tests.apply(cases, to: &programs[index].request)
        }
        return BatchDraft(programs, level: request.level)
    }

    private func directory() throws(ClientError) -> [(name: String, request: RequestDraft)] {
        let directory = ProgramDirectory(source, entrypoint: entrypoint, runtime: runtime)
        let content = try directory.content()
        for omission in content.omissions {
            Terminal.writeError("left out: \(omission.printable)")
        }
        return content.programs
    }

    private func program() throws -> [(name: String, request: RequestDraft)] {
        guard let inputs else {
            throw Failure(
                .wrongUsage,
                "\(source) is one program: run it for many inputs by --inputs, or once by "
                    + "sandmill submit"
            )
        }
        var draft = try RequestDraft(files: [source])
        draft.runtime = runtime ?? draft.runtime
        guard draft.runtime != nil else {
            throw Failure(
                .wrongInput,
                "\(source): what runs it does not follow from its name; say so by --runtime"
            )
        }
        draft.labels[BatchLabel.program] =
            URL(filePath: source).deletingPathExtension().lastPathComponent
        return try InputDirectory(inputs).requests(draft)
    }

    private func requests(_ request: RequestOptions, _ tests: CaseOptions) throws -> BatchDraft {
        guard !request.describesPrograms, tests.cases == nil, runtime == nil, entrypoint == nil
        else {
            throw Failure(
                .wrongUsage,
                "each request of \(source) says all of it: only --pool, --level and --tenant are "
                    + "for a file of requests"
            )
        }
        return try BatchDraft(ndjson: try Input.read(source), level: request.level)
    }
}
