internal import Glibc
internal import Synchronization
internal import Threads

/// Where a connection's thread sleeps: until the socket has something to read, somebody has
/// something to do, or a heartbeat may be due.
final class SocketParking: ThreadParking {
    private struct Target {
        weak var connection: Connection?
        var socket: WatchedSocket?
    }

    private let event = EventDescriptor()
    private let target = Mutex(Target())

    /// Begins to poll `socket` and to have `connection` serve what arrives.
    func attach(_ connection: Connection, _ socket: WatchedSocket) {
        target.withLock { $0 = Target(connection: connection, socket: socket) }
    }

    /// Polls no socket any more.
    func detach() {
        target.withLock { $0 = Target() }
    }

    func park() {
        // The connection is not held while the thread sleeps, or it would never end.
        let next = target.withLock(\.connection)?.assumeIsolated { $0.serve() }
        var watched = [pollfd(fd: event.descriptor, events: Int16(POLLIN), revents: 0)]
        let socket = target.withLock(\.socket)
        if let socket, next.flatMap(\.self)?.isReading == true {
            watched.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
        }
        _ = unsafe poll(
            &watched,
            nfds_t(watched.count),
            next.flatMap(\.self)?.pause.pollTimeout ?? -1
        )
        event.clear()
    }

    func unpark() {
        event.signal()
    }
}
