internal import CLinux
internal import Glibc
internal import SandmillEntity
internal import SandmillService

/// An open directory, and what is done below it without ever following a link.
///
/// Every path is relative to it. Failures name the path and the error of the system.
struct DirectoryHandle: ~Copyable {
    let descriptor: CInt

    /// Opens a directory, making it and its parents first.
    init(making path: String) throws(ResultsError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            prefix += component
            guard unsafe mkdir(prefix, 0o755) == 0 || errno == EEXIST else {
                throw ResultsError(errno, path: prefix)
            }
            prefix += "/"
        }
        let opened = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw ResultsError(errno, path: path) }
        descriptor = opened
    }

    /// Opens a directory below another.
    init(_ path: [UInt8], in parent: borrowing DirectoryHandle) throws(ResultsError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
        let directory = parent.descriptor
        let opened = unsafe Self.withPath(path) { unsafe openat(directory, $0, flags) }
        guard opened >= 0 else { throw ResultsError(errno, path: path) }
        descriptor = opened
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
    init(existing path: String) throws(ResultsError) {
        let opened = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw ResultsError(errno, reading: path) }
        descriptor = opened
    }

    /// Opens a directory right below another; nil when it is not there.
    private init?(
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
        let code = unsafe Self.withPath(path) { unsafe mkdirat(descriptor, $0, 0o755) }
        guard code == 0 || errno == EEXIST else { throw ResultsError(errno, writing: path) }
    }

    /// Writes bytes into a file from `offset` on, making it with mode 0644 at its beginning.
    ///
    /// A file that has a beginning is there: were it made anew, it would have a hole.
    func write(_ bytes: [UInt8], to path: [UInt8], at offset: Int) throws(ResultsError) {
        let flags = O_WRONLY | (offset == 0 ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW
        let file = unsafe Self.withPath(path) { unsafe openat(descriptor, $0, flags, 0o644) }
        guard file >= 0 else { throw ResultsError(errno, writing: path) }
        defer { close(file) }
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
        guard let component = path.first else { preconditionFailure("a path is not empty") }
        if path.count > 1 {
            guard let next = try DirectoryHandle(existing: component, in: self) else { return nil }
            return try next.withFile(path.dropFirst(), body)
        }
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let file = unsafe Self.withPath(component) { unsafe openat(descriptor, $0, flags) }
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw ResultsError(errno, reading: component)
        }
        defer { close(file) }
        return try body(file, component)
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
