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

    @OptionGroup var shared: MaterialOptions

    /// Refuses what means nothing together.
    func check(_ request: RequestOptions, _ tests: CaseOptions) throws {
        if inputs != nil, tests.cases != nil {
            throw ValidationError("--inputs and --cases exclude each other.")
        }
        if inputs != nil, shared.stdin != nil {
            throw ValidationError("--inputs and --stdin exclude each other.")
        }
        if let runtime, !Runtime.isValid(name: runtime) {
            throw ValidationError("--runtime is \(Runtime.nameRule).")
        }
        if let entrypoint, !InputPath.isValid(entrypoint) {
            throw ValidationError("--entrypoint is a path in each subdirectory.")
        }
    }

    /// Reads all of it; what is left out is returned, and said on standard error.
    ///
    /// - Parameters:
    ///   - request: What else the requests say.
    ///   - tests: Their cases.
    ///   - runtimes: What the pool runs, where that is known.
    /// - Returns: The batch, and what is not in it.
    /// - Throws: ``ClientError`` and ``Failure`` for what cannot be read or means nothing.
    func draft(
        _ request: RequestOptions,
        _ tests: CaseOptions,
        runtimes: [String]?
    ) throws -> (batch: BatchDraft, leftOut: [ProgramDirectory.LeftOut]) {
        let isDirectory = SourceDirectory.isDirectory(source)
        guard isDirectory || inputs != nil || Runtime.ofFile(source) != nil else {
            return (try requests(request, tests), [])
        }
        guard isDirectory || entrypoint == nil else {
            throw Failure(.wrongUsage, "--entrypoint is for a directory of programs")
        }
        guard !isDirectory || inputs == nil else {
            throw Failure(.wrongUsage, "--inputs is for one program, and \(source) is a directory")
        }
        let cases = try tests.read()
        let material = try shared.read()
        let content =
            isDirectory
            ? try directory(runtimes) : ProgramDirectory.Content(programs: try program())
        var programs = content.programs
        for index in programs.indices {
            request.apply(to: &programs[index].request)
            tests.apply(cases, to: &programs[index].request)
            try material.apply(to: &programs[index].request)
        }
        return (BatchDraft(programs, level: request.level), content.leftOut)
    }

    private func directory(
        _ runtimes: [String]?
    ) throws(ClientError) -> ProgramDirectory.Content {
        let directory = ProgramDirectory(
            source,
            entrypoint: entrypoint,
            runtime: runtime,
            runtimes: runtimes
        )
        let content = try directory.content()
        let leftOut = content.leftOut.map { "\(source)/\($0.name): \($0.reason)" }
        for omission in leftOut + content.omissions {
            Terminal.writeError("left out: \(omission.printable)")
        }
        return content
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
        guard !request.describesPrograms, tests.cases == nil, runtime == nil, entrypoint == nil,
            !shared.isAskedFor
        else {
            throw Failure(
                .wrongUsage,
                "each request of \(source) says all of it: only --pool, --level and --tenant are "
                    + "for a file of requests"
            )
        }
        return try BatchDraft(ndjson: try Input.readText(source), level: request.level)
    }
}
