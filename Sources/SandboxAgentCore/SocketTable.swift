internal import Glibc

/// The sockets in the sandbox's network namespace.
struct SocketTable: ~Copyable {
    /// The most memory that what waits in a socket of the internet protocols takes, in bytes.
    ///
    /// That is the kernel's bound of a socket's two buffers (socket(7), `SO_RCVBUF`), to which the
    /// sandbox's own settings hold TCP's, too; see `net.ipv4.tcp_rmem` in the container's settings.
    static let internetSocketBytes: UInt64 = 1 << 20

    private let version4: Descriptor
    private let version6: Descriptor

    /// Opens the kernel's statistics.
    init() throws(SystemError) {
        let version4 = try Descriptor(opening: "/proc/thread-self/net/sockstat", O_RDONLY)
        // A kernel may be without version 6.
        version6 =
            (try? Descriptor(opening: "/proc/thread-self/net/sockstat6", O_RDONLY)) ?? Descriptor()
        self.version4 = version4
    }

    /// The sockets of all kinds, and the closed connections that keep a port busy (TIME_WAIT), which
    /// are no sockets any more; nil if the kernel does not tell.
    ///
    ///     sockets: used 215
    ///     TCP: inuse 0 orphan 0 tw 0 alloc 215 mem 375
    ///     UDP: inuse 0 mem 250
    func count() -> UInt64? {
        let text = version4.readStart()
        guard let used = text.number(word: 2, after: "sockets:"),
            let waiting = text.number(word: 6, after: "TCP:")
        else { return nil }
        return used + waiting
    }

    /// The sockets of TCP and UDP that have an address, and so may hold something.
    func internetCount() -> UInt64 {
        let text4 = version4.readStart()
        let text6 = version6.readStart()
        let counts = [
            text4.number(word: 2, after: "TCP:"), text4.number(word: 2, after: "UDP:"),
            text6.number(word: 2, after: "TCP6:"), text6.number(word: 2, after: "UDP6:"),
        ]
        return counts.reduce(0) { $0 + ($1 ?? 0) }
    }
}
