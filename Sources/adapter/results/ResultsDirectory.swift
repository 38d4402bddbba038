public import FoundationEssentials
internal import SandmillEntity
public import SandmillService
internal import Threads

/// The results directory: `<root>/<yyyy-mm-dd>/<execution id>/<attempt>/`.
///
/// Everything is written below `<root>/.staging/<worker>/`, made durable, renamed into place and
/// made durable again, so no half result is ever visible. All results that are published together
/// share these two flushes. File I/O happens on a thread of its own.
///
/// The flush is syncfs(2), one call for every file of a group. The root must therefore lie on a
/// file system that implements it (ext4, XFS, Btrfs, NFS; FUSE from Linux 5.14).
public actor ResultsDirectory: ResultsStore {
    private let executor = ThreadExecutor(name: "results")
    private let root: DirectoryHandle
    private let rootPath: String
    private let staging: String

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Opens the directory, and the staging area of this worker, making them if need be.
    public init(root path: String, worker: String) throws(ResultsError) {
        root = try DirectoryHandle(making: path)
        rootPath = path
        staging = ResultsLayout.stagingArea(of: worker)
        _ = try DirectoryHandle(making: "\(path)/\(staging)")
    }

    /// Removes what an earlier process of this worker left in its staging area.
    ///
    /// That process must have ended: what it still writes would be published with holes.
    public func removeLeftovers() throws(ResultsError) {
        let area = "\(rootPath)/\(staging)"
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: area) {
                try FileManager.default.removeItem(atPath: "\(area)/\(name)")
            }
        } catch {
            throw ResultsError("the staging area \"\(area)\" cannot be emptied")
        }
    }

    /// Begins the results of one attempt; nothing is on disk yet.
    public nonisolated func begin(
        execution: UUID,
        attempt: Int,
        day: Date
    ) -> any ResultDraft {
        StagedResult(
            name: ResultsLayout.stagedName(execution, attempt: attempt),
            path: ResultsLayout.place(execution, attempt: attempt, day: day),
            directory: self
        )
    }

    /// Writes, flushes and removes a file.
    public func checkWritable() async throws(ResultsError) {
        let probe = "\(staging)/probe"
        try root.write([0], to: Array(probe.utf8), at: 0)
        try root.synchronize()
        try root.remove(probe)
    }

    /// Stages what is missing, flushes, renames, and flushes again.
    public func publish(_ results: [FinishedResult]) -> [Result<Void, ResultsError>] {
        var outcomes = [Result<Void, ResultsError>](repeating: .success(()), count: results.count)
        func attempt(_ step: (FinishedResult) throws(ResultsError) -> Void) {
            for (index, result) in results.enumerated() {
                guard case .success = outcomes[index] else { continue }
                do throws(ResultsError) {
                    try step(result)
                } catch {
                    outcomes[index] = .failure(error)
                }
            }
        }
        attempt { result throws(ResultsError) in
            try stage(result.contents, of: result.name)
            try copy(result.copies, in: result.name)
        }
        var flushed = Result { () throws(ResultsError) in try root.synchronize() }
        attempt { _ throws(ResultsError) in try flushed.get() }
        attempt { result throws(ResultsError) in try place(result) }
        flushed = Result { () throws(ResultsError) in try root.synchronize() }
        attempt { _ throws(ResultsError) in try flushed.get() }
        return outcomes
    }

    /// Writes what was gathered so far into the files of a draft in the staging area.
    func stage(_ contents: [FinishedResult.Content], of name: String) throws(ResultsError) {
        try root.makeDirectory(Array("\(staging)/\(name)".utf8))
        let directory = try DirectoryHandle("\(staging)/\(name)", in: root)
        for content in contents {
            var parent: [UInt8] = []
            for component in content.file.components.dropLast() {
                parent += component
                try directory.makeDirectory(parent)
                parent.append(UInt8(ascii: "/"))
            }
            try directory.write(content.bytes, to: content.file.bytes, at: content.offset)
        }
    }

    /// Gives files of a draft in the staging area the content of others, which they do not have yet.
    private func copy(
        _ copies: [FinishedResult.Copy],
        in name: String
    ) throws(ResultsError) {
        guard !copies.isEmpty else { return }
        let directory = try DirectoryHandle("\(staging)/\(name)", in: root)
        for copy in copies { try directory.copy(copy.source, to: copy.target) }
    }

    /// Removes a draft from the staging area.
    func discard(_ name: String) {
        try? FileManager.default.removeItem(atPath: "\(rootPath)/\(staging)/\(name)")
    }

    private func place(_ result: FinishedResult) throws(ResultsError) {
        var parent: [UInt8] = []
        for component in result.path.split(separator: "/").dropLast() {
            parent += component.utf8
            try root.makeDirectory(parent)
            parent.append(UInt8(ascii: "/"))
        }
        let staged = "\(staging)/\(result.name)"
        if try !root.move(staged, to: result.path) { discard(result.name) }
    }
}
