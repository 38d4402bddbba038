internal import CSandboxAgent
internal import Glibc

/// A file descriptor with one owner; it is closed when its owner is gone, if not before.
struct Descriptor: ~Copyable {
    /// The number that system calls take, as long as this value lives; -1 when it is closed, which
    /// poll(2) ignores and all others refuse.
    private(set) var number: CInt

    /// A descriptor that is closed already.
    init() {
        number = -1
    }

    /// Takes ownership of an open descriptor.
    init(takingOwnershipOf number: CInt) {
        self.number = number
    }

    /// Takes ownership of what a system call returned, unless it failed.
    init(_ result: CInt, _ operation: @autoclosure () -> String) throws(SystemError) {
        self.init(takingOwnershipOf: try check(result, operation()))
    }

    /// Opens an existing path that the agent itself chose.
    init(opening path: String, _ flags: CInt) throws(SystemError) {
        try self.init(unsafe open(path, flags | O_CLOEXEC), "open \(path)")
    }

    deinit {
        if number >= 0 { Glibc.close(number) }
    }

    /// Another descriptor of the same file.
    func duplicate() throws(SystemError) -> Descriptor {
        try Descriptor(fcntl(number, F_DUPFD_CLOEXEC, 0), "fcntl")
    }

    /// Whether there is something to read or write.
    var isOpen: Bool { number >= 0 }

    /// Closes it before its owner is gone.
    mutating func close() {
        self = Descriptor()
    }

    /// What one attempt to read brought.
    enum Reading {
        /// At least one byte.
        case bytes([UInt8])
        /// Nothing yet.
        case nothing
        /// No writer is left, or the descriptor failed.
        case end
    }

    /// Reads once, at most `limit` bytes.
    func read(upTo limit: Int = 64 << 10) -> Reading {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let result = unsafe Glibc.read(number, buffer.baseAddress, limit)
            failed = result < 0
            count = max(result, 0)
        }
        guard bytes.isEmpty else { return .bytes(bytes) }
        return failed && (errno == EAGAIN || errno == EINTR) ? .nothing : .end
    }

    /// Writes once and returns how many bytes were taken; 0 when none can be taken now.
    func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(number, buffer.baseAddress, buffer.count)
        }
        if written < 0, errno == EAGAIN || errno == EINTR { return 0 }
        return try check(written, "write")
    }

    /// Writes all to something that never makes a writer wait, such as a file.
    func writeAll(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty { rest = rest.dropFirst(try write(rest)) }
    }

    /// Reads the first 1,024 bytes of one of the kernel's files; empty when that fails.
    func readStart() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 1024) { buffer, count in
            count = max(unsafe pread(number, buffer.baseAddress, 1024, 0), 0)
        }
    }

    /// What fstat(2) says.
    func status() throws(SystemError) -> stat {
        var status = stat()
        try check(unsafe fstat(number, &status), "fstat")
        return status
    }

    /// Makes reads and writes of a pipe return instead of waiting.
    func makeNonBlocking() throws(SystemError) {
        try check(fcntl(number, F_SETFL, O_NONBLOCK), "fcntl")
    }
}

/// The two ends of a pipe.
struct Pipe: ~Copyable {
    let readEnd: Descriptor
    let writeEnd: Descriptor

    /// Opens a pipe whose ends are closed on exec.
    init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        try check(unsafe sandbox_open_pipe(&ends), "pipe2")
        readEnd = Descriptor(takingOwnershipOf: ends[0])
        writeEnd = Descriptor(takingOwnershipOf: ends[1])
    }
}
