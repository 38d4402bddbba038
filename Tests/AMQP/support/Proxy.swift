import AMQP
import Foundation
import Glibc
import Testing

/// A TCP proxy before a broker that misbehaves when told to.
final class Proxy: @unchecked Sendable {
    enum Mode {
        case forwarding
        /// Connections stay open and nothing passes, as with a peer that vanished.
        case frozen
        /// The broker reads nothing more, yet sends a heartbeat now and then.
        case deaf
    }

    /// Yields when a client has closed its side of a connection.
    let clientEnds: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let upstream: Endpoint
    private let listener: CInt
    private let port: Int
    private let condition = NSCondition()
    private var currentMode = Mode.forwarding
    private var sockets: [CInt] = []

    init(before upstream: Endpoint) throws {
        self.upstream = upstream
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        port = try Self.listen(on: listener)
        (clientEnds, continuation) = AsyncStream.makeStream()
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// The way to the broker through this proxy.
    func endpoint(heartbeat: Duration = .seconds(1)) -> Endpoint {
        var endpoint = upstream
        endpoint.host = "127.0.0.1"
        endpoint.port = port
        endpoint.heartbeat = heartbeat
        return endpoint
    }

    var mode: Mode {
        get { condition.withLock { currentMode } }
        set {
            condition.withLock {
                currentMode = newValue
                condition.broadcast()
            }
        }
    }

    /// Ends every connection as it is, without a word of AMQP.
    func cut() {
        condition.withLock {
            for socket in sockets { shutdown(socket, CInt(SHUT_RDWR)) }
        }
    }

    /// Ends the connections and the thread that accepts, and thaws what is frozen.
    func stop() {
        cut()
        mode = .forwarding
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// The descriptors live as long as the test process.
    private func acceptAll() {
        while case let client = accept(listener, nil, nil), client >= 0 {
            let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            guard Self.connect(server, to: upstream.port) else {
                shutdown(client, CInt(SHUT_RDWR))
                continue
            }
            condition.withLock { sockets += [client, server] }
            Thread.detachNewThread { [self] in
                pump(from: client, to: server)
                continuation.yield()
            }
            Thread.detachNewThread { [self] in pump(from: server, to: client) }
            Thread.detachNewThread { [self] in sendHeartbeats(to: client) }
        }
        close(listener)
    }

    /// Passes bytes on until either end is gone.
    private func pump(from source: CInt, to target: CInt) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = unsafe read(source, &buffer, buffer.count), count > 0 {
            condition.withLock {
                while currentMode != .forwarding { condition.wait() }
            }
            guard unsafe send(target, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(source, CInt(SHUT_RDWR))
        shutdown(target, CInt(SHUT_RDWR))
    }

    private func sendHeartbeats(to client: CInt) {
        let heartbeat: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 0xCE]
        while true {
            condition.withLock {
                while currentMode != .deaf { condition.wait() }
                _ = condition.wait(until: Date(timeIntervalSinceNow: 0.3))
            }
            guard unsafe send(client, heartbeat, heartbeat.count, CInt(MSG_NOSIGNAL)) > 0
            else { return }
        }
    }

    static func listen(on descriptor: CInt) throws -> Int {
        var address = loopback(0)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return unsafe bind(descriptor, address, length) == 0
                    && Glibc.listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        try #require(isListening)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    static func connect(_ descriptor: CInt, to port: Int) -> Bool {
        var address = loopback(port)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(descriptor, address, length) == 0
            }
        }
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        return address
    }
}
