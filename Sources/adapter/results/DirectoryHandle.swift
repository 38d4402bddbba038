internal import CLinux
internal import Glibc
internal import SandmillEntity
internal import SandmillService

/// An open directory, and what is done below it without ever following a link.
///
/// Every path is relative to it. Failures name the path and the error of the system.
///
/// What is made in it is ours and our group's alone, whatever the umask: directories have mode 0750,
/// files 0640. Before they have that and their group, nobody else may read them.
struct DirectoryHandle: ~Copyable {
    private static let directoryMode: mode_t = 0o750
    private static let fileMode: mode_t = 0o640

    let descriptor: CInt
    /// The group of what is made; nil for the one that the system gives it.
    private let group: ResultsGroup?

    /// Opens a directory, making it and its parents first; what is there stays as it is.
    init(making path: String, group: ResultsGroup?) throws(ResultsError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            prefix += component
            if unsafe mkdir(prefix, 0o700) == 0 {
                try Self.share(Array(prefix.utf8), in: AT_FDCWD, with: group)
            } else if errno != EEXIST {
                throw ResultsError(errno, path: prefix)
            }
            prefix += "/"
        }
        try self.init(existing: path, group: group)
    }

    /// Opens a directory below another.
    init(_ path: [UInt8], in parent: borrowing DirectoryHandle) throws(ResultsError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
        let directory = parent.descriptor
        let opened = unsafe Self.withPath(path) { unsafe openat(directory, $0, flags) }
        guard opened >= 0 else { throw ResultsError(errno, path: path) }
        descriptor = opened
        group = parent.group
    }

    /// Opens a directory below another.
    init(_ path: String, in parent: borrowing DirectoryHandle) throws(ResultsError) {
        try self.init(Array(path.utf8), in: parent)
    }

    /// Opens a directory below another, making it and its parents first.
    init(
        making path: String,
        in parent: borrowing DirectoryHandle
    ) throws(ResultsError) {
        var prefix: [UInt8] = []
        for component in path.split(separator: "/") {
            prefix += component.utf8
            try parent.makeDirectory(prefix)
            prefix.append(UInt8(ascii: "/"))
        }
        try self.init(path, in: parent)
    }

    /// Opens a directory that is there.
    init(existing path: String, group: ResultsGroup? = nil) throws(ResultsError) {
        let opened = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw ResultsError(errno, reading: path) }
        descriptor = opened
        self.group = group
    }

    /// Opens a directory right below another; nil when it is not there.
    init?(
        existing component: [UInt8],
        in parent: borrowing DirectoryHandle
    ) throws(ResultsError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
        let directory = parent.descriptor
        let opened = unsafe Self.withPath(component) { unsafe openat(directory, $0, flags) }
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw ResultsError(errno, reading: component)
        }
        descriptor = opened
        group = parent.group
    }

    deinit {
        close(descriptor)
    }

    /// What tells a directory from all others, wherever it is moved, as long as it is open.
    struct Identity: Equatable {
        private let device: dev_t
        private let number: ino_t

        fileprivate init(_ status: stat) {
            device = status.st_dev
            number = status.st_ino
        }
    }

    /// Which directory it is.
    func identity() throws(ResultsError) -> Identity {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw ResultsError(errno, path: ".") }
        return Identity(status)
    }

    /// Makes a directory, unless it is there.
    func makeDirectory(_ path: [UInt8]) throws(ResultsError) {
        if unsafe Self.withPath(path, { unsafe mkdirat(descriptor, $0, 0o700) }) == 0 {
            try Self.share(path, in: descriptor, with: group)
        } else if errno == EEXIST {
            // A process may have died between making and sharing it; one of others stays as it is.
            try? Self.share(path, in: descriptor, with: group)
        } else {
            throw ResultsError(errno, writing: path)
        }
    }

    /// Lets our group read a directory, unless it may already.
    private static func share(
        _ path: [UInt8],
        in directory: CInt,
        with group: ResultsGroup?
    ) throws(ResultsError) {
        var status = stat()
        let code = unsafe withPath(path) { path -> CInt in
            guard unsafe fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                return errno
            }
            guard status.st_mode & S_IFMT == S_IFDIR else { return 0 }
            if let group, status.st_gid != group.id,
                unsafe fchownat(directory, path, uid_t.max, group.id, AT_SYMLINK_NOFOLLOW) != 0
            {
                return errno
            }
            if status.st_mode & 0o777 == directoryMode { return 0 }
            // That its group is inherited stays.
            let mode = directoryMode | (status.st_mode & S_ISGID)
            return unsafe fchmodat(directory, path, mode, 0) == 0 ? 0 : errno
        }
        guard code == 0 else { throw ResultsError(code, path: path) }
    }

    /// Lets our group read an open file, unless it may already.
    private func share(file: CInt, _ path: [UInt8]) throws(ResultsError) {
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw ResultsError(errno, path: path) }
        if let group, status.st_gid != group.id, fchown(file, uid_t.max, group.id) != 0 {
            throw ResultsError(errno, path: path)
        }
        if status.st_mode & 0o777 != Self.fileMode, fchmod(file, Self.fileMode) != 0 {
            throw ResultsError(errno, path: path)
        }
    }

    /// When it was made, moved or changed last, in seconds of Unix time.
    func lastChange() throws(ResultsError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw ResultsError(errno, path: ".") }
        return max(status.st_mtim.tv_sec, status.st_ctim.tv_sec)
    }

    /// The permissions of the directory, as chmod(1) takes them.
    func mode() throws(ResultsError) -> mode_t {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw ResultsError(errno, path: ".") }
        return status.st_mode & 0o7777
    }

    /// Writes bytes into a file from `offset` on, making it with mode 0640 at its beginning.
    ///
    /// A file that has a beginning is there: were it made anew, it would have a hole.
    func write(_ bytes: [UInt8], to path: [UInt8], at offset: Int) throws(ResultsError) {
        let flags = O_WRONLY | (offset == 0 ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW
        let file = unsafe Self.withPath(path) { unsafe openat(descriptor, $0, flags, 0o600) }
        guard file >= 0 else { throw ResultsError(errno, writing: path) }
        defer { close(file) }
        if offset == 0 { try share(file: file, path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe pwrite(file, $0.baseAddress, $0.count, offset + rest.startIndex)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw ResultsError(errno, writing: path)
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Reads at most `limit` bytes of a file from `offset` on; nil when it is not there.
    ///
    /// No component of the path may be a link.
    func read(
        _ path: ArraySlice<[UInt8]>,
        from offset: Int,
        limit: Int
    ) throws(ResultsError) -> [UInt8]? {
        try withFile(path) { file, name throws(ResultsError) in
            var count = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
                repeat {
                    count = unsafe pread(file, buffer.baseAddress, limit, offset)
                } while count < 0 && errno == EINTR
                initialized = max(0, count)
            }
            guard count >= 0 else { throw ResultsError(errno, reading: name) }
            return bytes
        }
    }

    /// How long a regular file is; nil when it is not there.
    ///
    /// No component of the path may be a link.
    func size(_ path: ArraySlice<[UInt8]>) throws(ResultsError) -> Int? {
        try withFile(path) { file, name throws(ResultsError) in
            var status = stat()
            guard unsafe fstat(file, &status) == 0 else { throw ResultsError(errno, reading: name) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw ResultsError(EINVAL, reading: name)
            }
            return Int(status.st_size)
        }
    }

    /// Opens a file to read from it; does nothing when it is not there.
    private func withFile<Result>(
        _ path: ArraySlice<[UInt8]>,
        _ body: (_ file: CInt, _ name: [UInt8]) throws(ResultsError) -> Result
    ) throws(ResultsError) -> Result? {
        guard let file = try openFile(path) else { return nil }
        defer { close(file) }
        return try body(file, path.last ?? [])
    }

    /// Opens a file to read from it; nil when it is not there.
    ///
    /// Whoever asks closes it. No component of the path may be a link.
    func openFile(_ path: ArraySlice<[UInt8]>) throws(ResultsError) -> CInt? {
        guard let component = path.first else { preconditionFailure("a path is not empty") }
        if path.count > 1 {
            guard let next = try DirectoryHandle(existing: component, in: self) else { return nil }
            return try next.openFile(path.dropFirst())
        }
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let file = unsafe Self.withPath(component) { unsafe openat(descriptor, $0, flags) }
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw ResultsError(errno, reading: component)
        }
        return file
    }

    /// Writes the content of a file, which must be there, over the beginning of another.
    func copy(_ source: OutputPath, to target: OutputPath) throws(ResultsError) {
        var offset = 0
        while true {
            guard let bytes = try read(source.components[...], from: offset, limit: 1 << 20) else {
                throw ResultsError(ENOENT, path: source.bytes)
            }
            if bytes.isEmpty { return }
            try write(bytes, to: target.bytes, at: offset)
            offset += bytes.count
        }
    }

    /// Moves a directory to where nothing is, below another; returns false when something is there
    /// already.
    func move(
        _ path: String,
        to target: String,
        in other: borrowing DirectoryHandle
    ) throws(ResultsError) -> Bool {
        if unsafe renameat(descriptor, path, other.descriptor, target) == 0 { return true }
        if errno == EEXIST || errno == ENOTEMPTY { return false }
        throw ResultsError(errno, path: target)
    }

    /// Makes everything on this directory's file system durable (syncfs(2)).
    ///
    /// That what was written before could not be made durable is told once by each handle that was
    /// open then.
    func synchronize() throws(ResultsError) {
        guard syncfs(descriptor) == 0 else { throw ResultsError(errno, path: ".") }
    }

    /// Removes a file.
    func remove(_ path: String) throws(ResultsError) {
        guard unsafe unlinkat(descriptor, path, 0) == 0 || errno == ENOENT else {
            throw ResultsError(errno, path: path)
        }
    }

    /// Calls `body` with a path as the system takes it.
    static func withPath<Result>(
        _ path: [UInt8],
        _ body: (UnsafePointer<CChar>) -> Result
    ) -> Result {
        unsafe (path + [0]).withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else {
                preconditionFailure("a terminated path is not empty")
            }
            return unsafe body(start.assumingMemoryBound(to: CChar.self))
        }
    }
}

extension ResultsError {
    init(_ code: CInt, path: String, isOfResult: Bool = false) {
        let reason = unsafe String(cString: strerror(code))
        self.init(
            "the results directory cannot be written at \"\(path)\": \(reason)",
            isOfResult: isOfResult
        )
    }

    /// A file of a result, or a directory on its way, could not be made or written.
    init(_ code: CInt, writing path: [UInt8]) {
        self.init(
            code,
            path: String(decoding: path, as: UTF8.self),
            isOfResult: Self.codesOfResults.contains(code)
        )
    }

    init(_ code: CInt, reading path: String) {
        let reason = unsafe String(cString: strerror(code))
        self.init("the results directory cannot be read at \"\(path)\": \(reason)")
    }

    init(_ code: CInt, reading path: [UInt8]) {
        self.init(code, reading: String(decoding: path, as: UTF8.self))
    }

    init(_ code: CInt, path: [UInt8]) {
        self.init(code, path: String(decoding: path, as: UTF8.self))
    }

    /// What no other result would meet: a name that the file system does not take, or that is in
    /// another's way, and a file that is too large for it.
    private static let codesOfResults: Set<CInt> = [
        EEXIST, EFBIG, EILSEQ, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOTDIR,
    ]
}
