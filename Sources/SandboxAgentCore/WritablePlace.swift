internal import CSandboxAgent
internal import Glibc

/// A directory that programs can write to: it must be empty between them.
final class WritablePlace {
    /// How much time emptying may take, in nanoseconds: past it the sandbox is not worth the wait.
    private static let patience: UInt64 = 5_000_000_000

    /// Its path.
    let path: String
    private let directory: Descriptor

    /// Opens a directory.
    init(path: String) throws(SystemError) {
        self.path = path
        directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// How much its file system has room for.
    struct Capacity: Equatable {
        private let blocks: UInt
        private let files: UInt

        fileprivate init(_ status: statvfs) {
            blocks = UInt(status.f_bfree)
            files = UInt(status.f_ffree)
        }

        /// The room that there is when `file` is gone.
        fileprivate init(_ status: statvfs, without file: stat) {
            let bytes = UInt(file.st_blocks) * 512
            blocks = UInt(status.f_bfree) + bytes / UInt(status.f_frsize)
            // A file system that bounds no number of files counts none.
            files = UInt(status.f_ffree) + (status.f_files == 0 ? 0 : 1)
        }
    }

    /// The room that is left: all there is, unless a file takes some, with a name or without.
    ///
    /// That of `file`, if it is open, counts as left.
    func room(besides file: borrowing Descriptor) throws(SystemError) -> Capacity {
        var status = statvfs()
        try check(unsafe fstatvfs(directory.number, &status), "fstatvfs")
        guard file.isOpen else { return Capacity(status) }
        let (place, kept) = (try directory.status(), try file.status())
        return place.st_dev == kept.st_dev ? Capacity(status, without: kept) : Capacity(status)
    }

    /// Whether it has no entry.
    func isEmpty() throws(SystemError) -> Bool {
        try DirectoryListing(of: directory, limit: 1).names.isEmpty
    }

    /// Removes all that is in it and looks again until nothing is.
    ///
    /// A directory in it that is not empty is taken apart from the top: its own directories are moved
    /// up first, so that neither the depth of a tree nor the length of a path matters.
    func empty() throws(UncleanSandbox) {
        let deadline = MonotonicTime.now.advanced(by: Self.patience)
        var moves = 0
        do throws(SystemError) {
            while true {
                let names = try DirectoryListing(of: directory, limit: 10_000).names
                if names.isEmpty { return }
                guard .now < deadline else { break }
                for name in names { try remove(name, &moves) }
            }
        } catch {
            throw UncleanSandbox(what: "\(path): \(error)")
        }
        throw UncleanSandbox(what: "\(path) cannot be emptied in time")
    }

    private func remove(_ name: [UInt8], _ moves: inout Int) throws(SystemError) {
        if try unlink(name, in: directory) { return }
        let child = try open(name)
        for name in try DirectoryListing(of: child).names where try !unlink(name, in: child) {
            try moveUp(name, from: child, &moves)
        }
        _ = try unlink(name, in: directory)
    }

    /// Removes a file or an empty directory; returns false for a directory that is not empty.
    private func unlink(
        _ name: [UInt8],
        in parent: borrowing Descriptor
    ) throws(SystemError) -> Bool {
        let name = name + [0]
        let removed = unsafe name.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { path in
                guard let path = path.baseAddress else { return CInt(-1) }
                if unsafe unlinkat(parent.number, path, 0) == 0 { return 0 }
                guard errno == EISDIR else { return -1 }
                return unsafe unlinkat(parent.number, path, AT_REMOVEDIR)
            }
        }
        if removed == 0 { return true }
        guard errno == ENOTEMPTY else { throw SystemError("remove") }
        return false
    }

    private func open(_ name: [UInt8]) throws(SystemError) -> Descriptor {
        let name = (name + [0]).map { CChar(bitPattern: $0) }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        return try Descriptor(unsafe sandbox_open_beneath(directory.number, name, flags, 0), "open")
    }

    private func moveUp(
        _ name: [UInt8],
        from parent: borrowing Descriptor,
        _ moves: inout Int
    ) throws(SystemError) {
        let name = (name + [0]).map { CChar(bitPattern: $0) }
        while true {
            moves += 1
            let target = ".moved-\(moves)"
            if unsafe renameat(parent.number, name, directory.number, target) == 0 { return }
            guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
                throw SystemError("rename")
            }
        }
    }
}
