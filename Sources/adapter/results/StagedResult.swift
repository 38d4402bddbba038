internal import Crypto
internal import SandmillEntity
internal import SandmillService

/// The results of one attempt while they are gathered.
///
/// A small result stays in memory until it is published, so it costs one visit to the directory's
/// thread. A large one goes to the staging area piece by piece.
actor StagedResult: ResultDraft {
    private static let memoryLimit = 256 << 10
    private static let previewLength = 4 << 10

    /// An output file whose content is coming in.
    private struct IncomingFile {
        let path: OutputPath
        let location: OutputPath
        let size: ByteCount
        var hash = SHA256()
    }

    private struct StreamState {
        let location: OutputPath
        var stored = 0
        var head: [UInt8] = []

        mutating func take(_ bytes: [UInt8]) {
            stored += bytes.count
            head += bytes.prefix(StagedResult.previewLength - head.count)
        }
    }

    nonisolated let path: String
    private let name: String
    private let directory: ResultsDirectory
    private var stdout = StreamState(location: .plain("stdout"))
    private var stderr = StreamState(location: .plain("stderr"))
    private var incoming: IncomingFile?
    private var files: [OutputFile] = []
    private var skipped: [SkippedFile] = []
    private var contents: [FinishedResult.Content]
    private var contentSize = 0

    init(name: String, path: String, directory: ResultsDirectory) {
        self.name = name
        self.path = path
        self.directory = directory
        // Both streams have a file, also when nothing was written.
        contents = [stdout, stderr].map { FinishedResult.Content(file: $0.location, bytes: []) }
    }

    func receive(_ output: SandboxOutput) async throws(ResultsError) {
        switch output {
        case .stream(.stdout, let bytes):
            stdout.take(bytes)
            try await keep(bytes, in: stdout.location)
        case .stream(.stderr, let bytes):
            stderr.take(bytes)
            try await keep(bytes, in: stderr.location)
        case .file(let path, let size):
            completeIncoming()
            let location = OutputPath.below("files", path)
            incoming = IncomingFile(path: path, location: location, size: size)
            try await keep([], in: location)
        case .content(let bytes):
            guard let location = incoming?.location else {
                throw ResultsError("content came without a file")
            }
            incoming?.hash.update(data: bytes)
            try await keep(bytes, in: location)
        case .skipped(let path, let reason):
            skipped.append(SkippedFile(path: path.text, reason: reason))
        }
    }

    func summary() -> ResultSummary {
        completeIncoming()
        return ResultSummary(
            stdout: ResultSummary.Stream(stored: ByteCount(stdout.stored), head: stdout.head),
            stderr: ResultSummary.Stream(stored: ByteCount(stderr.stored), head: stderr.head),
            files: files,
            skipped: skipped
        )
    }

    func finish(document: [UInt8]) -> FinishedResult {
        let last = FinishedResult.Content(file: .plain("result.json"), bytes: document)
        return FinishedResult(name: name, path: path, contents: contents + [last])
    }

    func discard() async {
        await directory.discard(name)
    }

    private func keep(_ bytes: [UInt8], in file: OutputPath) async throws(ResultsError) {
        if let index = contents.lastIndex(where: { $0.file == file }) {
            contents[index].bytes += bytes
        } else {
            contents.append(FinishedResult.Content(file: file, bytes: bytes))
        }
        contentSize += bytes.count
        guard contentSize > Self.memoryLimit else { return }
        let contents = contents
        self.contents = []
        contentSize = 0
        try await directory.stage(contents, of: name)
    }

    private func completeIncoming() {
        guard let file = incoming.take() else { return }
        files.append(
            OutputFile(
                path: file.path.text,
                bytes: file.size,
                sha256: file.hash.finalize().hexadecimal
            )
        )
    }
}

extension OutputPath {
    /// A name of ours.
    fileprivate static func plain(_ name: String) -> OutputPath {
        guard let path = OutputPath(Array(name.utf8)) else {
            preconditionFailure("our own names are plain")
        }
        return path
    }

    /// A path below a directory of ours.
    fileprivate static func below(_ directory: String, _ path: OutputPath) -> OutputPath {
        guard let path = OutputPath(Array("\(directory)/".utf8) + path.bytes) else {
            preconditionFailure("a path below a plain name is a path")
        }
        return path
    }
}

extension SHA256.Digest {
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
