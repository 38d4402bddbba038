public import FoundationEssentials
public import SandmillEntity
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
///
/// 1. What is published lies below the root's path: a root that was moved, unmounted or replaced is
///    found by its identity before anything counts, and opened or made again.
/// 2. What was staged before a loss (``losses``) is never published.
/// 3. What fails to be published is not left in its place.
public actor ResultsDirectory: ResultsStore {
    /// The room that is kept free; with less, results cannot be written.
    public struct Reserve: Equatable, Sendable {
        /// How many bytes.
        public var bytes: ByteCount
        /// How many files.
        public var files: Int

        /// Puts a reserve together.
        public init(bytes: ByteCount, files: Int) {
            self.bytes = bytes
            self.files = files
        }

        /// For one small result.
        public static let small = Reserve(bytes: .kibibytes(64), files: 16)
    }

    private let executor = ThreadExecutor(name: "results")
    let rootPath: String
    private let areaPath: String
    private let reserve: Reserve
    private let group: ResultsGroup?
    private let pathLimit: Int?
    private var root: DirectoryHandle
    private var area: DirectoryHandle
    /// How many times something that was staged may have been lost: by a flush that failed, since
    /// what it could not write is dropped and told only once; and with a root or a staging area that is
    /// no longer in its place.
    private var losses = 0

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Opens the directory, and the staging area of this worker, making them if need be.
    ///
    /// A root that is there keeps its mode; all else is only for this user and for `group`, or, where
    /// that is nil, for the group that the system gives what this process makes.
    ///
    /// A file whose path below the root has more bytes in its text than `pathLimit` is not kept.
    public init(
        root path: String,
        worker: String,
        reserve: Reserve = .small,
        group: ResultsGroup? = nil,
        pathLimit: Int? = nil
    ) throws(ResultsError) {
        rootPath = path
        self.pathLimit = pathLimit
        areaPath = ResultsLayout.stagingArea(of: worker)
        self.reserve = reserve
        self.group = group
        root = try DirectoryHandle(making: path, group: group)
        area = try DirectoryHandle(making: areaPath, in: root)
    }

    /// Removes what an earlier process of this worker left in its staging area.
    ///
    /// That process must have ended: what it still writes would be published with holes.
    ///
    /// - Returns: Why something could not be removed; it is in nobody's way.
    public func removeLeftovers() throws(ResultsError) -> [ResultsError] {
        try openAgainIfGone()
        var failures: [ResultsError] = []
        for name in try area.names() {
            do throws(ResultsError) {
                try area.removeTree(name)
            } catch {
                failures.append(error)
            }
        }
        return failures
    }

    /// Begins the results of one attempt; nothing is on disk yet.
    public nonisolated func begin(
        execution: UUID,
        attempt: Int,
        day: Date
    ) -> any ResultDraft {
        let path = ResultsLayout.place(execution, attempt: attempt, day: day)
        return StagedResult(
            name: ResultsLayout.stagedName(execution, attempt: attempt),
            path: path,
            directory: self,
            textLimit: pathLimit.map { $0 - path.utf8.count - 1 }
        )
    }

    /// Checks that there is room for `room` beside the reserve; writes, flushes and removes a file.
    public func checkWritable(room: ByteCount) throws(ResultsError) {
        try openAgainIfGone()
        // syncfs(2) tells an error once a handle: what publications have to hear of is not heard here.
        let own = try DirectoryHandle(existing: rootPath, group: group)
        try own.checkRoom(for: reserve.bytes + room, files: reserve.files)
        let probe = "\(areaPath)/probe"
        let written = Result { () throws(ResultsError) in
            try own.write([0], to: Array(probe.utf8), at: 0)
            try own.allocate(room, for: Array(probe.utf8))
            try own.synchronize()
        }
        try own.remove(probe)
        // What is told here has been lost by drafts too: it is counted now, not at the next publication.
        if case .failure = written { try? synchronize() }
        try written.get()
    }

    /// Why an operator should look at the root though it can be written; nil if there is no reason.
    public func warning() throws(ResultsError) -> String? {
        let mode = try root.mode()
        guard mode & 0o007 != 0 else { return nil }
        let text = String(mode, radix: 8)
        return "it has mode \(text): others on this machine may look into it (chmod o= \(rootPath))"
    }

    /// Stages what is missing, flushes, renames, and flushes again.
    public func publish(_ results: [FinishedResult]) -> [Result<Void, ResultsError>] {
        var outcomes = [Result<Void, ResultsError>](repeating: .success(()), count: results.count)
        func attempt(_ step: (Int, FinishedResult) throws(ResultsError) -> Void) {
            for (index, result) in results.enumerated() {
                guard case .success = outcomes[index] else { continue }
                do throws(ResultsError) {
                    try step(index, result)
                } catch {
                    outcomes[index] = .failure(error.writing(result.size))
                }
            }
        }
        let opened = Result { () throws(ResultsError) in try openAgainIfGone() }
        attempt { _, result throws(ResultsError) in
            try opened.get()
            try write(result.contents, of: result.name, after: result.lossesBefore)
            try copy(result.copies, in: result.name)
        }
        var flushed = Result { () throws(ResultsError) in try synchronize() }
        attempt { _, _ throws(ResultsError) in try flushed.get() }
        var placed: [Int] = []
        attempt { index, result throws(ResultsError) in
            if try place(result) { placed.append(index) }
        }
        flushed = Result { () throws(ResultsError) in
            try synchronize()
            try checkPlace()
        }
        attempt { _, _ throws(ResultsError) in try flushed.get() }
        for index in placed {
            if case .failure = outcomes[index] { takeBack(results[index]) }
        }
        return outcomes
    }

    /// Writes what was gathered so far into the files of a draft in the staging area.
    ///
    /// - Parameters:
    ///   - contents: What is new.
    ///   - name: The draft's name.
    ///   - lossesBefore: What this returned when the draft staged first; nil if this is the first.
    /// - Returns: How many losses there were.
    /// - Throws: ``ResultsError`` when it cannot be written, or what was staged before is lost.
    func stage(
        _ contents: [FinishedResult.Content],
        of name: String,
        after lossesBefore: Int?
    ) throws(ResultsError) -> Int {
        if lossesBefore == nil { try openAgainIfGone() }
        try write(contents, of: name, after: lossesBefore)
        return losses
    }

    private func write(
        _ contents: [FinishedResult.Content],
        of name: String,
        after lossesBefore: Int?
    ) throws(ResultsError) {
        guard lossesBefore == nil || lossesBefore == losses else {
            throw ResultsError("what was staged of \(name) may have been lost")
        }
        // What has staged something is there, or it is lost.
        if lossesBefore == nil { try area.makeDirectory(Array(name.utf8)) }
        let directory = try DirectoryHandle(name, in: area)
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
        let directory = try DirectoryHandle(name, in: area)
        for copy in copies { try directory.copy(copy.source, to: copy.target) }
    }

    /// Removes a draft from the staging area; what cannot be removed is a leftover.
    func discard(_ name: String) {
        try? area.removeTree(Array(name.utf8))
    }

    /// Moves a result to its place; returns false when it is there already.
    private func place(_ result: FinishedResult) throws(ResultsError) -> Bool {
        var parent: [UInt8] = []
        for component in result.path.split(separator: "/").dropLast() {
            parent += component.utf8
            try root.makeDirectory(parent)
            parent.append(UInt8(ascii: "/"))
        }
        if try area.move(result.name, to: result.path, in: root) { return true }
        discard(result.name)
        return false
    }

    /// Moves a result from its place back into the staging area.
    private func takeBack(_ result: FinishedResult) {
        _ = try? root.move(result.path, to: result.name, in: area)
    }

    private func synchronize() throws(ResultsError) {
        do throws(ResultsError) {
            try root.synchronize()
        } catch {
            losses += 1
            throw error
        }
    }
}

// MARK: - Where the root's path leads

extension ResultsDirectory {
    /// Checks that what was written below the root is where its path leads.
    private func checkPlace() throws(ResultsError) {
        let found = try DirectoryHandle(existing: rootPath)
        guard try found.identity() == root.identity() else {
            throw ResultsError("another directory has taken the place of \"\(rootPath)\"")
        }
    }

    /// Opens, or makes, the root and the staging area again unless they are in their places.
    private func openAgainIfGone() throws(ResultsError) {
        if isInPlace { return }
        losses += 1
        root = try DirectoryHandle(making: rootPath, group: group)
        area = try DirectoryHandle(making: areaPath, in: root)
    }

    private var isInPlace: Bool {
        do throws(ResultsError) {
            try checkPlace()
            let found = try DirectoryHandle(areaPath, in: root)
            return try found.identity() == area.identity()
        } catch {
            return false
        }
    }
}
