public import FoundationEssentials
internal import SandmillEntity
public import SandmillService
internal import Synchronization
internal import Threads

/// The results directory: `<root>/<yyyy-mm-dd>/<execution id>/<attempt>/`.
///
/// Everything is written below `<root>/.staging/<worker>/`, made durable, renamed into place and
/// made durable again, so no half result is ever visible. All drafts that are ready together
/// share these two flushes. File I/O happens on a thread of its own.
///
/// The flush is syncfs(2), one call for every file of a group. The root must therefore lie on a
/// file system that implements it (ext4, XFS, Btrfs, NFS; FUSE from Linux 5.14).
public actor ResultsDirectory: ResultsStore {
    private let executor = ThreadExecutor(name: "results")
    private let root: DirectoryHandle
    private let rootPath: String
    private let staging: String
    private let ready = Mutex<[Publication]>([])

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Opens the directory, making it if need be, and removes what an earlier process of this
    /// worker left in its staging area.
    public init(root path: String, worker: String) throws(ResultsError) {
        root = try DirectoryHandle(making: path)
        rootPath = path
        staging = ".staging/\(worker)"
        let area = "\(path)/\(staging)"
        do {
            if FileManager.default.fileExists(atPath: area) {
                try FileManager.default.removeItem(atPath: area)
            }
        } catch {
            throw ResultsError("the staging area \"\(area)\" cannot be emptied")
        }
        _ = try DirectoryHandle(making: area)
    }

    /// Begins the results of one attempt; nothing is on disk yet.
    public nonisolated func begin(
        execution: UUID,
        attempt: Int,
        day: Date
    ) -> any ResultDraft {
        let id = execution.text
        let style = Date.ISO8601FormatStyle().year().month().day()
        return StagedResult(
            name: "\(id)-\(attempt)",
            path: "\(day.formatted(style))/\(id)/\(attempt)",
            directory: self
        )
    }

    /// Writes, flushes and removes a file.
    public func checkWritable() async throws(ResultsError) {
        let probe = "\(staging)/probe"
        try root.append([0], to: Array(probe.utf8))
        try root.synchronize()
        try root.remove(probe)
    }

    /// Appends what was gathered so far to the files of a draft in the staging area.
    func stage(_ contents: [StagedContent], of name: String) throws(ResultsError) {
        try root.makeDirectory(Array("\(staging)/\(name)".utf8))
        let directory = try DirectoryHandle("\(staging)/\(name)", in: root)
        for content in contents {
            var parent: [UInt8] = []
            for component in content.file.components.dropLast() {
                parent += component
                try directory.makeDirectory(parent)
                parent.append(UInt8(ascii: "/"))
            }
            try directory.append(content.bytes, to: content.file.bytes)
        }
    }

    /// Puts a draft in place, together with all that are ready by then.
    nonisolated func publish(
        _ contents: [StagedContent],
        of name: String,
        at path: String
    ) async throws(ResultsError) {
        let publication = Publication(contents: contents, name: name, path: path)
        ready.withLock { $0.append(publication) }
        await publishReady()
        if let failure = publication.failure { throw failure }
    }

    /// Removes a draft from the staging area.
    func discard(_ name: String) {
        try? FileManager.default.removeItem(atPath: "\(rootPath)/\(staging)/\(name)")
    }

    /// Whoever comes first publishes for all that are ready; the others find their outcome.
    private func publishReady() {
        let group = ready.withLock { ready in
            defer { ready = [] }
            return ready
        }
        if group.isEmpty { return }
        for publication in group {
            publication.attempt { () throws(ResultsError) in
                try stage(publication.contents, of: publication.name)
            }
        }
        synchronize(group)
        for publication in group {
            publication.attempt { () throws(ResultsError) in try place(publication) }
        }
        synchronize(group)
    }

    /// One flush for the whole group: when it fails, nothing of the group is durable.
    private func synchronize(_ group: [Publication]) {
        do throws(ResultsError) {
            try root.synchronize()
        } catch {
            for publication in group {
                publication.attempt { () throws(ResultsError) in throw error }
            }
        }
    }

    private func place(_ publication: Publication) throws(ResultsError) {
        var parent: [UInt8] = []
        for component in publication.path.split(separator: "/").dropLast() {
            parent += component.utf8
            try root.makeDirectory(parent)
            parent.append(UInt8(ascii: "/"))
        }
        let staged = "\(staging)/\(publication.name)"
        if try !root.move(staged, to: publication.path) { discard(publication.name) }
    }
}

/// A draft on its way into place; touched by one thread at a time.
private final class Publication: Sendable {
    let contents: [StagedContent]
    let name: String
    let path: String
    private let state = Mutex<ResultsError?>(nil)

    init(contents: [StagedContent], name: String, path: String) {
        self.contents = contents
        self.name = name
        self.path = path
    }

    /// Why it is not in place.
    var failure: ResultsError? { state.withLock { $0 } }

    /// Takes the next step, unless an earlier one failed.
    func attempt(_ step: () throws(ResultsError) -> Void) {
        guard failure == nil else { return }
        do throws(ResultsError) {
            try step()
        } catch {
            state.withLock { $0 = error }
        }
    }
}
