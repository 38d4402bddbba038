internal import FoundationEssentials
internal import Glibc
public import SandmillEntity
public import SandmillService
internal import Threads

/// What has been published below a results directory, for those who remove it or look whether all of it is right.
///
/// The root is opened anew each time. One without a staging area is not the root of results but a mount point whose
/// file system is away, and nothing is said of what is not there. File I/O happens on a thread of its own, so that
/// to remove many files holds up neither what is published nor what is read.
public actor ResultsInventory: ResultRemoval, ResultsListing {
    private let executor = ThreadExecutor(name: "inventory")
    private let rootPath: String

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Looks at the directory, which need not be there yet.
    public init(root path: String) {
        rootPath = path
    }

    /// Removes the directory of an attempt, and that of its execution where nothing else is in it.
    public func remove(_ path: String) throws(ResultsError) {
        let parts = try Self.parts(of: path)
        let root = try openRoot()
        guard let day = try DirectoryHandle(existing: parts[0], in: root),
            let attempts = try DirectoryHandle(existing: parts[1], in: day)
        else { return }
        try attempts.removeTree(parts[2])
        if try attempts.names().isEmpty { try day.removeTree(parts[1]) }
    }

    /// The days that have results, the oldest first.
    public func days() throws(ResultsError) -> [String] {
        try openRoot().names().map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != ResultsLayout.stagingRoot }.sorted()
    }

    /// What is in the directory of a day.
    public func executions(on day: String) throws(ResultsError) -> [String] {
        let root = try openRoot()
        guard let directory = try DirectoryHandle(existing: Array(day.utf8), in: root) else {
            return []
        }
        return try directory.names().map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    /// The attempts of an execution that are there, and for how long.
    public func attempts(of execution: String, on day: String) throws(ResultsError) -> [FoundResult]
    {
        let root = try openRoot()
        guard let days = try DirectoryHandle(existing: Array(day.utf8), in: root),
            let directory = try DirectoryHandle(existing: Array(execution.utf8), in: days)
        else { return [] }
        return try Self.found(in: directory, below: "\(day)/\(execution)")
    }

    /// What is gathered in the staging area of each worker, and for how long it has been as it is.
    public func staged() throws(ResultsError) -> [FoundResult] {
        let root = try openRoot()
        let staging = try DirectoryHandle(ResultsLayout.stagingRoot, in: root)
        var found: [FoundResult] = []
        for worker in try staging.names() {
            guard let area = try DirectoryHandle(existing: worker, in: staging) else { continue }
            let name = String(decoding: worker, as: UTF8.self)
            found += try Self.found(in: area, below: "\(ResultsLayout.stagingRoot)/\(name)")
        }
        return found
    }

    /// Removes what has been left in a staging area.
    public func removeStaged(_ path: String) throws(ResultsError) {
        let parts = path.split(separator: "/").map { Array($0.utf8) }
        guard parts.count == 3, parts[0] == Array(ResultsLayout.stagingRoot.utf8),
            OutputPath(Array(path.utf8)) != nil
        else { throw ResultsError("\"\(path)\" is not in a staging area") }
        let root = try openRoot()
        guard let staging = try DirectoryHandle(existing: parts[0], in: root),
            let area = try DirectoryHandle(existing: parts[1], in: staging)
        else { return }
        try area.removeTree(parts[2])
    }

    /// Whether the directory of an attempt is there.
    public func has(_ path: String) throws(ResultsError) -> Bool {
        try openAttempt(path) != nil
    }

    /// The files in the directory of an attempt; what is neither a file nor a directory counts as one of no bytes.
    public func files(in path: String) throws(ResultsError) -> [String: ByteCount]? {
        guard let attempt = try openAttempt(path) else { return nil }
        var files: [String: ByteCount] = [:]
        try Self.count(&files, in: attempt, below: [])
        return files
    }

    private static func count(
        _ files: inout [String: ByteCount],
        in directory: borrowing DirectoryHandle,
        below prefix: [UInt8]
    ) throws(ResultsError) {
        for name in try directory.names() {
            let path = prefix + name
            if try directory.hasDirectory(name) {
                guard let next = try DirectoryHandle(existing: name, in: directory) else {
                    continue
                }
                try count(&files, in: next, below: path + [UInt8(ascii: "/")])
            } else {
                let size = (try? directory.size([name])) ?? 0
                files[String(decoding: path, as: UTF8.self)] = ByteCount(size)
            }
        }
    }

    func openAttempt(_ path: String) throws(ResultsError) -> DirectoryHandle? {
        let parts = try Self.parts(of: path)
        let root = try openRoot()
        guard let day = try DirectoryHandle(existing: parts[0], in: root),
            let attempts = try DirectoryHandle(existing: parts[1], in: day)
        else { return nil }
        return try DirectoryHandle(existing: parts[2], in: attempts)
    }

    private func openRoot() throws(ResultsError) -> DirectoryHandle {
        let root = try DirectoryHandle(existing: rootPath)
        let staging = Array(ResultsLayout.stagingRoot.utf8)
        guard try DirectoryHandle(existing: staging, in: root) != nil else {
            throw ResultsError(
                "\"\(rootPath)\" has no \(ResultsLayout.stagingRoot): no worker has written there, or its file "
                    + "system is not mounted"
            )
        }
        return root
    }

    /// The directories in another; what is none is left out.
    private static func found(
        in directory: borrowing DirectoryHandle,
        below path: String
    ) throws(ResultsError) -> [FoundResult] {
        var found: [FoundResult] = []
        let now = time(nil)
        for name in try directory.names() {
            do throws(ResultsError) {
                guard let one = try DirectoryHandle(existing: name, in: directory) else { continue }
                let age = Duration.seconds(max(0, now - (try one.lastChange())))
                found.append(
                    FoundResult(path: "\(path)/\(String(decoding: name, as: UTF8.self))", age: age)
                )
            } catch {
                continue
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    /// Checks that a path is that of an attempt.
    static func check(_ path: String) throws(ResultsError) {
        _ = try parts(of: path)
    }

    /// The three components of the path of an attempt.
    private static func parts(of path: String) throws(ResultsError) -> [[UInt8]] {
        let parts = path.split(separator: "/").map { Array($0.utf8) }
        guard parts.count == 3, OutputPath(Array(path.utf8)) != nil,
            parts[0] != Array(ResultsLayout.stagingRoot.utf8)
        else { throw ResultsError("\"\(path)\" is not the directory of an attempt") }
        return parts
    }
}
