import Hashing
internal import SandmillEntity
internal import SandmillService

/// The results of one attempt while they are gathered.
///
/// A small result stays in memory until it is published, so it costs one visit to the directory's
/// thread. A large one, and what comes of a program that runs for long, goes to the staging area
/// piece by piece:
///
/// 1. One piece is written at a time, so a file in the staging area never has a hole.
/// 2. What could not be written is pending again, and goes to the same place of its file.
/// 3. Nothing is staged once the end has begun, and the end waits for what is being staged.
/// 4. Once anything is staged, a loss of the directory (``ResultsDirectory/losses``) is the end of it.
actor StagedResult: ResultDraft {
    private static let memoryLimit = 256 << 10
    private static let previewLength = 4 << 10

    /// An output file whose content is coming in.
    private struct IncomingFile {
        let path: OutputPath
        let location: OutputPath
        let size: ByteCount
        var received = 0
        var hash = SHA256()
    }

    private struct StreamState {
        let location: OutputPath
        var stored = 0
        var head: [UInt8] = []

        init(_ stream: SandboxOutput.Stream, in directory: String? = nil) {
            location = .plain(ResultsLayout.file(of: stream), in: directory)
        }

        /// Takes the next bytes and returns where they begin.
        mutating func take(_ bytes: [UInt8]) -> Int {
            defer { stored += bytes.count }
            head += bytes.prefix(StagedResult.previewLength - head.count)
            return stored
        }
    }

    nonisolated let path: String
    private let name: String
    private let directory: ResultsDirectory
    private let textLimit: Int?
    /// Where the files go of the case that was begun last.
    private var caseDirectory: String?
    private var stdout = StreamState(.stdout)
    private var stderr = StreamState(.stderr)
    private var incoming: IncomingFile?
    /// Whether the content that comes is that of a file which is not kept.
    private var dropsContent = false
    private var keptPaths: KeptPaths
    private var files: [OutputFile] = []
    private var skipped: [SkippedFile] = []
    /// What is not in the staging area.
    private var pending: [FinishedResult.Content]
    private var pendingSize = 0
    /// How many bytes have come in all.
    private var size = 0
    /// How many losses there had been when something was staged first.
    private var lossesBefore: Int?
    private var isStaging = false
    private var isOver = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(name: String, path: String, directory: ResultsDirectory, textLimit: Int?) {
        self.name = name
        self.path = path
        self.directory = directory
        self.textLimit = textLimit
        keptPaths = KeptPaths(textLimit: textLimit)
        // Both streams have a file, also when nothing was written.
        pending = [stdout, stderr].map { FinishedResult.Content(file: $0.location, bytes: []) }
    }

    func begin(case index: Int) async throws(ResultsError) {
        let directory = ResultsLayout.directory(ofCase: index)
        caseDirectory = directory
        stdout = StreamState(.stdout, in: directory)
        stderr = StreamState(.stderr, in: directory)
        (incoming, dropsContent) = (nil, false)
        (files, skipped, keptPaths) = ([], [], KeptPaths(textLimit: textLimit))
        for stream in [stdout, stderr] { try await keep([], in: stream.location, at: 0) }
    }

    func receive(_ output: SandboxOutput) async throws(ResultsError) {
        switch output {
        case .stream(.stdout, let bytes):
            try await keep(bytes, in: stdout.location, at: stdout.take(bytes))
        case .stream(.stderr, let bytes):
            try await keep(bytes, in: stderr.location, at: stderr.take(bytes))
        case .file(let path, let size):
            completeIncoming()
            let directory = caseDirectory.map { "\($0)/files" } ?? "files"
            let location = OutputPath.below(directory, path)
            let refusal = keptPaths.refusal(of: path, at: location)
            dropsContent = refusal != nil
            if let refusal {
                skipped.append(SkippedFile(path: path.text, reason: refusal))
                return
            }
            incoming = IncomingFile(path: path, location: location, size: size)
            try await keep([], in: location, at: 0)
        case .content(let bytes):
            if dropsContent { return }
            guard let file = incoming else {
                throw ResultsError("content came without a file", isOfResult: true)
            }
            incoming?.received += bytes.count
            incoming?.hash.update(bytes)
            try await keep(bytes, in: file.location, at: file.received)
        case .skipped(let path, let reason):
            skipped.append(SkippedFile(path: path.text, reason: reason))
        }
    }

    func stage() async {
        guard pendingSize > 0, !isStaging, !isOver else { return }
        try? await movePending()
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

    var written: ByteCount { ByteCount(size) }

    func finish(document: [UInt8], streamsOf index: Int?) async -> FinishedResult {
        isOver = true
        await waitUntilStaged()
        let last = FinishedResult.Content(file: .plain("result.json"), bytes: document)
        return FinishedResult(
            name: name,
            path: path,
            contents: pending + [last],
            copies: index.map(Self.copies(ofStreamsOf:)) ?? [],
            size: ByteCount(size + document.count),
            lossesBefore: lossesBefore
        )
    }

    private static func copies(ofStreamsOf index: Int) -> [FinishedResult.Copy] {
        SandboxOutput.Stream.allCases.map { stream in
            let file = ResultsLayout.file(of: stream)
            return FinishedResult.Copy(
                of: .plain(file, in: ResultsLayout.directory(ofCase: index)),
                to: .plain(file)
            )
        }
    }

    func discard() async {
        isOver = true
        await waitUntilStaged()
        await directory.discard(name)
    }

    private func keep(
        _ bytes: [UInt8],
        in file: OutputPath,
        at offset: Int
    ) async throws(ResultsError) {
        if let index = pending.lastIndex(where: { $0.file == file }) {
            pending[index].bytes += bytes
        } else {
            pending.append(FinishedResult.Content(file: file, offset: offset, bytes: bytes))
        }
        pendingSize += bytes.count
        size += bytes.count
        guard pendingSize > Self.memoryLimit else { return }
        await waitUntilStaged()
        try await movePending()
    }

    /// Moves what is pending to the staging area; nothing else may be on its way there.
    private func movePending() async throws(ResultsError) {
        let (moved, movedSize) = (pending, pendingSize)
        (pending, pendingSize) = ([], 0)
        isStaging = true
        defer {
            isStaging = false
            for waiter in waiters { waiter.resume() }
            waiters = []
        }
        do throws(ResultsError) {
            lossesBefore = try await directory.stage(moved, of: name, after: lossesBefore)
        } catch {
            pending = moved + pending
            pendingSize += movedSize
            throw error.writing(ByteCount(size))
        }
    }

    private func waitUntilStaged() async {
        while isStaging { await withCheckedContinuation { waiters.append($0) } }
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
    fileprivate static func plain(_ name: String, in directory: String? = nil) -> OutputPath {
        let place = directory.map { "\($0)/\(name)" } ?? name
        guard let path = OutputPath(Array(place.utf8)) else {
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
