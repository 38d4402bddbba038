internal import Glibc

/// How many sockets there are in the sandbox's network namespace.
struct SocketTable: ~Copyable {
    /// The most memory that what waits in one socket takes, in bytes.
    ///
    /// That is the kernel's bound of a socket's two buffers (socket(7), `SO_RCVBUF`), to which the
    /// sandbox's own settings hold TCP's, too; see `net.ipv4.tcp_rmem` in the container's settings.
    static let socketBytes: UInt64 = 1 << 20

    private let statistics: Descriptor

    /// Opens the statistics.
    init() throws(SystemError) {
        statistics = try Descriptor(opening: "/proc/thread-self/net/sockstat", O_RDONLY)
    }

    /// The sockets of all kinds, and the closed connections that keep a port busy (TIME_WAIT), which
    /// are no sockets any more; nil if the kernel does not tell.
    ///
    ///     sockets: used 215
    ///     TCP: inuse 0 orphan 0 tw 0 alloc 215 mem 375
    func count() -> UInt64? {
        let text = statistics.readStart()
        guard let used = text.number(word: 2, after: "sockets:"),
            let waiting = text.number(word: 6, after: "TCP:")
        else { return nil }
        return used + waiting
    }
}
