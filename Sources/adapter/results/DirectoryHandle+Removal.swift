internal import Glibc
internal import SandmillService

extension DirectoryHandle {
    /// Removes what has this name right below the directory, and all that is in it.
    ///
    /// Neither the depth of a tree nor the length of its paths matters: two directories are open at
    /// a time, and the way back is `..`, if that is where it came from. Does nothing when nothing is
    /// there.
    func removeTree(_ name: [UInt8]) throws(ResultsError) {
        if try unlink(name) { return }
        var current = try DirectoryHandle(name, in: self)
        var way = [(name: name, parent: try identity(), rest: try current.names())]
        while let step = way.last {
            if let child = step.rest.last {
                way[way.count - 1].rest.removeLast()
                if try current.unlink(child) { continue }
                let directory = try DirectoryHandle(child, in: current)
                way.append((child, try current.identity(), try directory.names()))
                current = directory
            } else {
                let parent = try DirectoryHandle("..", in: current)
                guard try parent.identity() == step.parent, try parent.unlink(step.name) else {
                    throw ResultsError(ENOTEMPTY, path: step.name)
                }
                current = parent
                way.removeLast()
            }
        }
    }

    /// The names in the directory, without `.` and `..`, in no order.
    func names() throws(ResultsError) -> [[UInt8]] {
        let opened = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw ResultsError(errno, path: ".") }
        guard let stream = unsafe fdopendir(opened) else {
            let code = errno
            close(opened)
            throw ResultsError(code, path: ".")
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw ResultsError(errno, path: ".") }
                return names
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) { names.append(name) }
        }
    }

    /// Whether a name in it is that of a directory, and not of a link to one.
    func hasDirectory(_ name: [UInt8]) throws(ResultsError) -> Bool {
        var status = stat()
        let found = unsafe Self.withPath(name) {
            unsafe fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
        if found == 0 { return status.st_mode & S_IFMT == S_IFDIR }
        if errno == ENOENT { return false }
        throw ResultsError(errno, reading: name)
    }

    /// Removes a file or an empty directory, if there is one; returns false for a directory that is
    /// not empty.
    private func unlink(_ name: [UInt8]) throws(ResultsError) -> Bool {
        let directory = descriptor
        let code = unsafe Self.withPath(name) { path -> CInt in
            if unsafe unlinkat(directory, path, 0) == 0 { return 0 }
            guard errno == EISDIR else { return errno }
            return unsafe unlinkat(directory, path, AT_REMOVEDIR) == 0 ? 0 : errno
        }
        switch code {
        case 0, ENOENT: return true
        case ENOTEMPTY, EEXIST: return false
        default: throw ResultsError(code, path: name)
        }
    }
}
