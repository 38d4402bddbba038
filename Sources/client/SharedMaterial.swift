internal import SandmillEntity
internal import SandmillService

/// What every program of a command is given.
public struct SharedMaterial: Equatable, Sendable {
    private let files: [RequestDraft.File]
    private let stdin: [UInt8]?
    private let arguments: [String]
    private let environment: [String: String]

    /// Gives files, arguments and variables, and something to read.
    public init(
        files: [RequestDraft.File],
        stdin: [UInt8]?,
        arguments: [String],
        environment: [String: String]
    ) {
        self.files = files
        self.stdin = stdin
        self.arguments = arguments
        self.environment = environment
    }

    /// Puts it into a request: its files in place of others of their names, what is read only where the
    /// program has nothing of its own.
    ///
    /// - Throws: ``ClientError`` for a file in place of the program that is started.
    public func apply(to request: inout RequestDraft) throws(ClientError) {
        if let file = files.first(where: { $0.path == request.entrypoint }) {
            throw ClientError(
                .wrongInput,
                "--file \(file.path) would stand in place of a program of that name"
            )
        }
        let paths = Set(files.map(\.path))
        request.files.removeAll { paths.contains($0.path) }
        request.files += files
        request.arguments = arguments
        request.environment = environment
        if let stdin, request.stdin == nil { request.setStdin(stdin) }
    }
}
