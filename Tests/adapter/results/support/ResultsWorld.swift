import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Synchronization

/// A results directory of its own, and the record of one execution in it.
final class ResultsWorld: ExecutionRecords {
    let root: URL
    let execution = UUID()
    let day = Date(timeIntervalSince1970: 1_795_430_000)
    private let records: Mutex<[ExecutionRecord]>

    /// Runs `body` in a world that is removed afterwards.
    ///
    /// It is in memory: what is tested here is order, and flushing a busy disk takes a second.
    static func with(_ body: (ResultsWorld) async throws -> Void) async throws {
        let root = URL(filePath: "/dev/shm/sandmill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        try await body(ResultsWorld(root: root))
    }

    private init(root: URL) {
        self.root = root
        records = Mutex([])
    }

    /// The directory as a worker writes it.
    func worker(_ name: String = "w") throws -> ResultsDirectory {
        try ResultsDirectory(root: root.path, worker: name)
    }

    func draft(of results: ResultsDirectory, attempt: Int = 1) -> any ResultDraft {
        results.begin(execution: execution, attempt: attempt, day: day)
    }

    /// What lies in the staging area of a worker.
    func staged(by worker: String = "w") throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: ".staging/\(worker)").path
        )
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Follows the execution.
    func output(
        steppedBy clock: SteppedClock = SteppedClock(),
        from mark: OutputCursorToken? = nil,
        untilEnd: Bool = true
    ) async throws -> ExecutionOutput? {
        let source = try OutputFiles(root: root.path)
        let follower = OutputFollower(records: self, source: source, clock: clock)
        return try await follower.output(of: execution, from: mark, untilEnd: untilEnd)
    }
}

// MARK: - The record

extension ResultsWorld {
    /// The next record; the last stays.
    func execution(_ id: UUID) async throws(StoreError) -> ExecutionRecord? {
        records.withLock { $0.count > 1 ? $0.removeFirst() : $0.first }
    }

    func setRecord(_ states: State...) {
        records.withLock { $0 = states.map(record) }
    }

    /// What the record may say.
    enum State {
        case queued(attempt: Int)
        case running(attempt: Int, worker: String = "w")
        /// Ended with its results at a path; a truncated stream has so many bytes in all.
        case ended(attempt: Int, path: String?, stdout: ResultDocument.StreamSummary = .empty)
    }

    private func record(_ state: State) -> ExecutionRecord {
        var record = ExecutionRecord(
            id: execution,
            tenant: "default",
            pool: "python",
            level: .normal,
            state: .queued,
            reason: nil,
            attempt: 0,
            batchID: nil,
            worker: nil,
            submittedAt: day,
            startedAt: nil,
            finishedAt: nil,
            result: nil
        )
        switch state {
        case .queued(let attempt):
            record.attempt = attempt
        case .running(let attempt, let worker):
            (record.state, record.attempt, record.worker) = (.running, attempt, worker)
        case .ended(let attempt, let path, let stdout):
            (record.state, record.attempt, record.worker) = (.succeeded, attempt, "w")
            record.result = document(path: path, stdout: stdout)
        }
        return record
    }

    private func document(path: String?, stdout: ResultDocument.StreamSummary) -> String {
        var document = ResultDocument(
            id: execution,
            tenant: "default",
            pool: "python",
            level: .normal,
            runtime: "python",
            batchID: nil,
            labels: [:],
            outcome: Outcome(.succeeded),
            attempt: 1,
            submittedAt: day,
            startedAt: day,
            finishedAt: day,
            worker: "w"
        )
        document.resultsPath = path
        document.stdout = stdout
        guard let data = try? JSONEncoder().encode(document) else {
            preconditionFailure("a document has a JSON form")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

// MARK: - Drafts and what is told

extension ResultDraft {
    func write(_ text: String, to stream: SandboxOutput.Stream = .stdout) async throws {
        try await receive(.stream(stream, Array(text.utf8)))
    }

    func publish(in results: ResultsDirectory) async throws {
        let outcomes = await results.publish([await finish(document: Array("{}".utf8))])
        for outcome in outcomes { try outcome.get() }
    }
}

extension OutputEvent {
    static func text(_ text: String, of stream: SandboxOutput.Stream = .stdout) -> OutputEvent {
        .bytes(stream, Array(text.utf8))
    }
}

extension [[UInt8]] {
    /// All bytes in order; `joined()` goes byte by byte.
    var concatenated: [UInt8] { reduce(into: []) { $0 += $1 } }
}

extension [OutputEvent] {
    /// All bytes of a stream.
    func bytes(of wanted: SandboxOutput.Stream) -> [UInt8] {
        flatMap { piece in
            if case .bytes(wanted, let bytes) = piece { bytes } else { [] as [UInt8] }
        }
    }
}

extension ExecutionOutput {
    /// Everything up to the end.
    func collect() async throws -> [OutputEvent] {
        var pieces: [OutputEvent] = []
        for try await piece in self { pieces.append(piece.output) }
        return pieces
    }
}
