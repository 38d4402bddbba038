internal import Foundation
internal import Glibc

/// A TCP proxy on this host, before a server on this host, that misbehaves when told to.
public final class FaultyProxy: @unchecked Sendable {
    /// How it behaves.
    public enum Mode: Sendable {
        /// As a wire.
        case forwarding
        /// Connections stay open and nothing passes, as with a peer that vanished.
        case frozen
        /// Nothing passes, yet clients hear the sign of life now and then: a server that hangs.
        case deaf
        /// New connections end at once, as before a server that is not there.
        case refusing
    }

    /// Where bytes come from.
    public enum Side: Sendable {
        case client
        case server
    }

    /// Bytes at which it freezes, and others with it.
    private struct Trap {
        let bytes: [UInt8]
        let side: Side
        let isDropping: Bool
        let others: [FaultyProxy]
    }

    /// Yields when a client has closed its side of a connection.
    public let clientEnds: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    /// Where it listens.
    public let port: Int
    private let upstreamPort: Int
    private let signOfLife: [UInt8]
    private let listener = Loopback.makeSocket()
    private let condition = NSCondition()
    private var currentMode = Mode.forwarding
    private var trap: Trap?
    private var sockets: [CInt] = []

    /// Starts a proxy; it works until ``stop()``.
    public init(before upstreamPort: Int, signOfLife: [UInt8] = []) {
        self.upstreamPort = upstreamPort
        self.signOfLife = signOfLife
        port = Loopback.listen(on: listener)
        (clientEnds, continuation) = AsyncStream.makeStream()
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// How it behaves now.
    public var mode: Mode {
        get { condition.withLock { currentMode } }
        set {
            condition.withLock {
                currentMode = newValue
                condition.broadcast()
            }
        }
    }

    /// Freezes when a side has sent certain bytes, once they were passed on or instead of it, and others
    /// with it.
    ///
    /// What is dropped is missing for ever: the connection is good for nothing more.
    public func freeze(
        at bytes: some Sequence<UInt8>,
        from side: Side,
        dropping isDropping: Bool,
        with others: [FaultyProxy] = []
    ) {
        let trap = Trap(bytes: Array(bytes), side: side, isDropping: isDropping, others: others)
        condition.withLock { self.trap = trap }
    }

    /// Ends every connection as it is.
    public func cut() {
        condition.withLock {
            for socket in sockets { shutdown(socket, CInt(SHUT_RDWR)) }
        }
    }

    /// Ends the connections and the thread that accepts, and thaws what is frozen.
    public func stop() {
        cut()
        mode = .forwarding
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// The descriptors live as long as the test process.
    private func acceptAll() {
        while case let client = accept(listener, nil, nil), client >= 0 {
            let server = Loopback.makeSocket()
            guard mode != .refusing, Loopback.connect(server, to: upstreamPort) else {
                shutdown(client, CInt(SHUT_RDWR))
                continue
            }
            condition.withLock { sockets += [client, server] }
            Thread.detachNewThread { [self] in
                pump(from: client, to: server, side: .client)
                end(client, server)
                continuation.yield()
            }
            Thread.detachNewThread { [self] in
                pump(from: server, to: client, side: .server)
                // Where nothing passes, an end does not: servers give up who is silent.
                waitUntilForwarding()
                end(client, server)
            }
            Thread.detachNewThread { [self] in sendSignsOfLife(to: client) }
        }
        close(listener)
    }

    /// Passes bytes on until the source ends or the target is gone.
    private func pump(from source: CInt, to target: CInt, side: Side) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // What a trap looks at begins with the end of what came before.
        var seen: [UInt8] = []
        while case let count = unsafe read(source, &buffer, buffer.count), count > 0 {
            seen = seen.suffix(64) + buffer[..<count]
            let trap = condition.withLock {
                self.trap.flatMap { $0.side == side && seen.contains($0.bytes) ? $0 : nil }
            }
            if trap?.isDropping != true {
                waitUntilForwarding()
                guard unsafe send(target, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
            }
            if let trap {
                condition.withLock { self.trap = nil }
                for proxy in [self] + trap.others { proxy.mode = .frozen }
            }
        }
    }

    private func waitUntilForwarding() {
        condition.withLock {
            while currentMode != .forwarding { condition.wait() }
        }
    }

    private func end(_ client: CInt, _ server: CInt) {
        shutdown(client, CInt(SHUT_RDWR))
        shutdown(server, CInt(SHUT_RDWR))
    }

    private func sendSignsOfLife(to client: CInt) {
        while true {
            condition.withLock {
                while currentMode != .deaf { condition.wait() }
                _ = condition.wait(until: Date(timeIntervalSinceNow: 0.3))
            }
            guard unsafe send(client, signOfLife, signOfLife.count, CInt(MSG_NOSIGNAL)) >= 0
            else { return }
        }
    }
}
