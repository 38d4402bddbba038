internal import Glibc
internal import Synchronization
internal import Threads

/// The one thread that shuts down sockets whose own threads hang.
///
/// librabbitmq 0.11 writes without a time limit: to a peer that vanished, or to a broker in alarm
/// that no longer reads, a call may never return. Only another thread can end it (shutdown(2)).
final class Watchdog: ThreadParking {
    private struct Entry {
        weak var socket: WatchedSocket?
    }

    private static let shared = Watchdog()
    private static let thread = ThreadExecutor(name: "amqp-watchdog", parking: shared)

    private let event = EventDescriptor()
    private let entries = Mutex<[Entry]>([])

    /// Watches a socket until nobody refers to it any more.
    static func watch(_ socket: WatchedSocket) {
        shared.entries.withLock { $0.append(Entry(socket: socket)) }
        _ = thread
        shared.unpark()
    }

    func park() {
        let pause = shutDownStuckSockets()
        var watched = pollfd(fd: event.descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&watched, 1, pause?.pollTimeout ?? -1)
        event.clear()
    }

    /// - Returns: When to look again, late by no more than an eighth; `nil` without sockets.
    private func shutDownStuckSockets() -> Duration? {
        let sockets = entries.withLock { entries in
            entries.removeAll { $0.socket == nil }
            return entries.compactMap(\.socket)
        }
        for socket in sockets { socket.shutDownIfStuck() }
        return sockets.map { $0.limit / 8 }.min()
    }

    func unpark() {
        event.signal()
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, as poll(2) takes them.
    var pollTimeout: CInt {
        CInt(clamping: Int((self / .milliseconds(1)).rounded(.up)))
    }
}
