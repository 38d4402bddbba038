import Foundation
import Glibc
import PostgreSQL
import Testing

/// A TCP proxy before the server that misbehaves when told to.
final class Proxy: @unchecked Sendable {
    enum Mode {
        case forwarding
        /// Connections stay open and nothing passes, as with a peer that vanished.
        case frozen
        /// The next reply of the server is not passed on: its connection is cut instead.
        case cuttingReplies
    }

    let port: UInt16
    /// Yields when a client has closed its side of a connection.
    let clientEnds: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let listener: CInt
    private let upstreamPort: UInt16
    private let condition = NSCondition()
    private var currentMode = Mode.forwarding

    init() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let rows = try await connection.query("select inet_server_port()")
        upstreamPort = UInt16(try rows[0][0] as Int)
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        port = try Self.listen(on: listener)
        (clientEnds, continuation) = AsyncStream.makeStream()
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// Ends the thread that accepts, and thaws what is frozen.
    func stop() {
        mode = .cuttingReplies
        shutdown(listener, CInt(SHUT_RDWR))
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

    /// The way to the server through this proxy.
    func configuration(_ direct: ConnectionConfiguration) -> ConnectionConfiguration {
        var configuration = direct
        let separator = direct.connectionString.contains("?") ? "&" : "?"
        configuration.connectionString += "\(separator)host=127.0.0.1&port=\(port)"
        return configuration
    }

    private func acceptAll() {
        while case let client = accept(listener, nil, nil), client >= 0 {
            let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            guard Self.connect(server, to: upstreamPort) else {
                close(client)
                close(server)
                continue
            }
            Thread.detachNewThread { [self] in
                pump(from: client, to: server, isReply: false)
                continuation.yield()
            }
            Thread.detachNewThread { [self] in pump(from: server, to: client, isReply: true) }
        }
        close(listener)
    }

    /// Passes bytes on until either end is gone; the descriptors live as long as the test.
    private func pump(from source: CInt, to target: CInt, isReply: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = unsafe read(source, &buffer, buffer.count), count > 0 {
            condition.withLock {
                while currentMode == .frozen { condition.wait() }
            }
            if isReply, mode == .cuttingReplies { break }
            guard unsafe send(target, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(source, CInt(SHUT_RDWR))
        shutdown(target, CInt(SHUT_RDWR))
    }

    private static func listen(on descriptor: CInt) throws -> UInt16 {
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
        return UInt16(bigEndian: address.sin_port)
    }

    private static func connect(_ descriptor: CInt, to port: UInt16) -> Bool {
        var address = loopback(port)
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(
                    descriptor,
                    address,
                    socklen_t(MemoryLayout<sockaddr_in>.size)
                ) == 0
            }
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7f00_0001).bigEndian)
        return address
    }
}
