import FoundationEssentials
import Hashing
import SandmillEntity
import SandmillService
import Synchronization

/// Keeps results in memory, or refuses to.
final class InMemoryResults: ResultsStore {
    private struct State {
        var isWritable = true
        var failures: [ResultsError] = []
        var rooms: [ByteCount] = []
        var documents: [String: [UInt8]] = [:]
    }

    private static let capacity = ByteCount.mebibytes(1 << 20)

    private let journal: Journal
    private let state = Mutex(State())

    init(journal: Journal) {
        self.journal = journal
    }

    var isWritable: Bool {
        get { state.withLock { $0.isWritable } }
        set { state.withLock { $0.isWritable = newValue } }
    }

    /// Makes the next publications fail, each with one of these, while checks find nothing.
    func failPublishing(with errors: [ResultsError]) {
        state.withLock { $0.failures = errors }
    }

    /// What room each check asked for.
    var rooms: [ByteCount] { state.withLock { $0.rooms } }

    var documents: [String: [UInt8]] { state.withLock { $0.documents } }

    func begin(execution: UUID, attempt: Int, day: Date) -> any ResultDraft {
        guard let document = OutputPath(Array("result.json".utf8)) else {
            preconditionFailure("a plain name is a path")
        }
        let path = "day/\(execution.text)/\(attempt)"
        return Draft(path: path, document: document, journal: journal)
    }

    func checkWritable(room: ByteCount) async throws(ResultsError) {
        state.withLock { $0.rooms.append(room) }
        journal.note(.checkedResults)
        if !isWritable || room > Self.capacity { throw ResultsError("the disk is full") }
    }

    func publish(_ results: [FinishedResult]) async -> [Result<Void, ResultsError>] {
        results.map { result in
            Result { () throws(ResultsError) in
                try place(result.contents[0].bytes, at: result.path)
            }
        }
    }

    private func place(_ document: [UInt8], at path: String) throws(ResultsError) {
        let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
        let isPlaced = state.withLock { state in
            if state.isWritable, state.documents[path] == nil { state.documents[path] = document }
            return state.isWritable
        }
        guard isPlaced else { throw ResultsError("the disk is full") }
        journal.note(.placed(results: path))
    }

    private final class Draft: ResultDraft {
        private struct Gathered {
            var written = ByteCount.zero
            var stdout: [UInt8] = []
            var stderr: [UInt8] = []
            var files: [OutputFile] = []
            /// Of the last file.
            var content: [UInt8] = []
            var skipped: [SkippedFile] = []
        }

        let path: String
        private let document: OutputPath
        private let journal: Journal
        private let gathered = Mutex(Gathered())

        init(path: String, document: OutputPath, journal: Journal) {
            self.path = path
            self.document = document
            self.journal = journal
        }

        func stage() async {
            journal.note(.staged(results: path))
        }

        func begin(case index: Int) async throws(ResultsError) {
            gathered.withLock { $0 = Gathered(written: $0.written) }
        }

        func receive(_ output: SandboxOutput) async throws(ResultsError) {
            gathered.withLock { gathered in
                switch output {
                case .stream(_, let bytes), .content(let bytes):
                    gathered.written = gathered.written + ByteCount(bytes.count)
                case .file, .skipped: break
                }
                switch output {
                case .stream(.stdout, let bytes): gathered.stdout += bytes
                case .stream(.stderr, let bytes): gathered.stderr += bytes
                case .file(let path, let size):
                    gathered.content = []
                    gathered.files.append(
                        OutputFile(path: path.text, bytes: size, sha256: "")
                    )
                case .content(let bytes):
                    gathered.content += bytes
                    gathered.files[gathered.files.count - 1].sha256 =
                        SHA256.hash(gathered.content).hexadecimal
                case .skipped(let path, let reason):
                    gathered.skipped.append(SkippedFile(path: path.text, reason: reason))
                }
            }
        }

        var written: ByteCount { gathered.withLock { $0.written } }

        func summary() async -> ResultSummary {
            gathered.withLock { gathered in
                func sum(_ bytes: [UInt8]) -> ResultSummary.Stream {
                    ResultSummary.Stream(
                        stored: ByteCount(bytes.count),
                        head: Array(bytes.prefix(4_096))
                    )
                }
                return ResultSummary(
                    stdout: sum(gathered.stdout),
                    stderr: sum(gathered.stderr),
                    files: gathered.files,
                    skipped: gathered.skipped
                )
            }
        }

        func finish(document: [UInt8], streamsOf index: Int?) async -> FinishedResult {
            FinishedResult(
                name: path,
                path: path,
                contents: [FinishedResult.Content(file: self.document, bytes: document)]
            )
        }

        func discard() async {}
    }
}
