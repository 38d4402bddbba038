import Glibc
import Testing

/// A FIFO in the way of a writer, which waits there until it may go on, also when the FIFO has been
/// moved, unmounted or removed; then the writer fails, since a FIFO has no offsets.
struct FIFO: ~Copyable {
    private let descriptor: CInt
    private var end: CInt = -1

    init(at path: String) throws {
        try #require(unsafe mkfifo(path, 0o600) == 0)
        // O_PATH, without which Swift's Glibc module is built.
        let opened = unsafe Glibc.open(path, 0o10000000)
        try #require(opened >= 0)
        descriptor = opened
    }

    deinit {
        close(descriptor)
        if end >= 0 { close(end) }
    }

    /// Lets the writer go on, whether it has come already or not.
    mutating func open() throws {
        end = unsafe Glibc.open("/proc/self/fd/\(descriptor)", O_RDONLY | O_NONBLOCK)
        try #require(end >= 0)
    }
}
