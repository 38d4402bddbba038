import AMQP
import FaultyProxy
import Foundation
import Glibc
import Testing

/// A client that sends whatever bytes a test wants in a message's headers.
///
/// It knows just enough of AMQP 0-9-1 to log in and publish.
final class RawClient {
    private let descriptor: CInt

    init(_ endpoint: Endpoint) throws {
        descriptor = Loopback.makeSocket()
        try #require(Loopback.connect(descriptor, to: endpoint.addresses[0].port))
        try send(Array("AMQP".utf8) + [0, 0, 9, 1])
        try expect(10, 10)
        let response = Array("\0\(endpoint.user)\0\(endpoint.password)".utf8)
        try sendMethod(
            10,
            11,
            RawTable.length(0) + short("PLAIN") + RawTable.length(response.count) + response
                + short("en_US")
        )
        try expect(10, 30)
        try sendMethod(10, 31, [0, 1] + RawTable.length(131_072) + [0, 0])
        try sendMethod(10, 40, short(endpoint.virtualHost) + [0, 0])
        try expect(10, 41)
        try sendMethod(20, 10, [0], channel: 1)
        try expect(20, 11)
        try sendMethod(85, 10, [0], channel: 1)
        try expect(85, 11)
    }

    /// Publishes an empty message through the default exchange, and waits for its confirmation.
    func publish(to queue: String, headers: RawTable) throws {
        try sendMethod(60, 40, [0, 0] + short("") + short(queue) + [0], channel: 1)
        let flags: [UInt8] = [0x20, 0]
        try sendFrame(
            2,
            [0, 60, 0, 0] + [UInt8](repeating: 0, count: 8) + flags + headers.encoded,
            channel: 1
        )
        try expect(60, 80)
    }

    func close() {
        Glibc.close(descriptor)
    }

    private func short(_ string: String) -> [UInt8] {
        [UInt8(string.utf8.count)] + Array(string.utf8)
    }

    private func sendMethod(
        _ classID: UInt8,
        _ method: UInt8,
        _ arguments: [UInt8],
        channel: UInt8 = 0
    ) throws {
        try sendFrame(1, [0, classID, 0, method] + arguments, channel: channel)
    }

    private func sendFrame(_ type: UInt8, _ payload: [UInt8], channel: UInt8) throws {
        try send([type, 0, channel] + RawTable.length(payload.count) + payload + [0xCE])
    }

    private func send(_ bytes: [UInt8]) throws {
        let sent = unsafe Glibc.send(descriptor, bytes, bytes.count, 0)
        try #require(sent == bytes.count)
    }

    private func expect(_ classID: UInt8, _ method: UInt8) throws {
        let header = try read(7)
        let payload = try read(header[3...6].reduce(0) { $0 << 8 | Int($1) } + 1)
        try #require(Array(payload.prefix(4)) == [0, classID, 0, method])
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = unsafe recv(descriptor, &bytes, count, CInt(MSG_WAITALL))
        try #require(received == count)
        return bytes
    }
}

/// A table of a message's headers, byte by byte.
struct RawTable {
    private var entries: [UInt8] = []

    func entry(_ name: String, _ value: [UInt8]) -> RawTable {
        entry(Array(name.utf8), value)
    }

    func entry(_ name: [UInt8], _ value: [UInt8]) -> RawTable {
        var table = self
        table.entries += [UInt8(name.count)] + name + value
        return table
    }

    var encoded: [UInt8] { Self.length(entries.count) + entries }

    static func length(_ count: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
    }
}
