internal import Glibc
internal import Synchronization
internal import Threads

/// What a connection's thread sleeps on: new calls, and whatever the server sends unasked.
///
/// So the end of the session is noticed while no statement runs. All but ``isClosed`` and ``unpark()``
/// belongs to the connection's thread.
final class Session: ThreadParking, @unchecked Sendable {
    private var handle: ConnectionHandle?
    private let closed = Atomic(false)
    private let wakeUp = EventDescriptor()
    private let continuation: AsyncStream<Never>.Continuation
    /// Finishes when the session has ended.
    let end: AsyncStream<Never>

    init() {
        (end, continuation) = AsyncStream.makeStream()
    }

    /// Whether the session has ended, as far as is known.
    var isClosed: Bool { closed.load(ordering: .acquiring) }

    func open(_ options: ConnectionOptions) throws(PostgreSQLError) {
        handle = try ConnectionHandle(options)
    }

    /// Talks to the server, and closes the session where that shows that it is lost, or that it will
    /// refuse whatever comes next.
    func perform<Result: ~Copyable>(
        _ body: (borrowing ConnectionHandle) throws(PostgreSQLError) -> Result
    ) throws(PostgreSQLError) -> Result {
        do throws(PostgreSQLError) {
            switch handle {
            case .none: throw PostgreSQLError(.connectionLost, "")
            case .some(let handle): return try body(handle)
            }
        } catch {
            var error = error
            if error.sqlState?.isOfSession == true { error.isConnectionLost = true }
            if error.isConnectionLost { close() }
            throw error
        }
    }

    func close() {
        handle = nil
        closed.store(true, ordering: .releasing)
        continuation.finish()
    }

    func park() {
        var watched = [
            pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: handle?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&watched, nfds_t(watched.count), -1)
        wakeUp.clear()
        if watched[1].revents != 0 { receive() }
    }

    func unpark() {
        wakeUp.signal()
    }

    /// Takes in what the server sent; nothing is left of a session that it closed.
    private func receive() {
        if handle?.consumeInput() != true { close() }
    }
}
