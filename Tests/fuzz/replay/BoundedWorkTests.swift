import SandboxProtocol
import SandmillService
import Testing

@testable import SandmillDocker

/// The work for an input grows no faster than its length, whatever it is made of.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct BoundedWorkTests {
    /// Bodies that one kind of token fills.
    @Test(arguments: [
        ("{\"source\": \"", "x", "\"}"),
        ("{\"source\": \"", "\\u0041", "\"}"),
        ("{\"source\": \"", "\\ud83d\\ude00", "\"}"),
        ("{\"source\": \"", "\\ud800", "\"}"),
        ("{\"source\": \"e", "\u{301}", "\"}"),
        ("{\"source\": \"\", \"files\": [{\"path\": \"a\", \"base64\": \"", "AAAA", "\"}]}"),
        ("{\"source\": \"\", \"files\": [{\"path\": \"", "a/", "\", \"text\": \"\"}]}"),
        ("{\"source\": \"\", \"files\": [{\"path\": \"e", "\u{301}", "\", \"text\": \"\"}]}"),
        ("{\"source\": \"\", \"limits\": {\"wall_seconds\": ", "1", "}}"),
        ("{\"source\": \"\", \"limits\": {\"wall_seconds\": 0.", "0", "1}}"),
        ("{\"source\": \"\", \"limits\": {\"wall_seconds\": 1e", "9", "}}"),
        ("{\"source\": \"\", \"limits\": {\"processes\": ", "1", "}}"),
        ("{\"source\": \"\", \"limits\": {\"processes\": 1.", "0", "}}"),
        ("{\"source\": \"\", \"deadline\": \"", "2026-11-23T17:00:00Z", "\"}"),
        ("{\"source\": \"\", \"deadline\": \"2026-11-23T17:00:00.", "0", "Z\"}"),
        ("{\"source\": \"\", \"deadline\": \"2", "\u{301}", "\"}"),
        ("{\"source\": \"\", \"batch\": {\"id\": \"", "0", "\", \"size\": 1}}"),
        ("{\"", "k", "\": 1}"),
        ("{\"source\": \"\", \"env\": {\"", "~", "\": 1}}"),
        ("", " ", "{\"source\": \"\"}"),
        ("{\"source\": \"\"}", "x", ""),
        ("", "[", ""), ("", "]", ""), ("", "{\"a\":", ""), ("", ",", ""), ("", ":", ""),
        ("", "\"", ""), ("", "\\", ""), ("{\"source\": \"", "\\\"", ""),
        ("{\"source\": \"\", \"args\": [\"", "\",\"", "\"]}"),
        ("{\"source\": \"\", \"args\": [\"\"", ",\"\"", "]}"),
    ])
    func aLongBodyTakesLinearTime(_ head: String, _ filling: String, _ tail: String) throws {
        func time(of count: Int) throws -> Duration {
            let filling = String(repeating: filling, count: count / filling.utf8.count)
            let request = HostileRequest(Array("\n\n\n\n\(head)\(filling)\(tail)".utf8))
            return try processorTime { try request.check() }
        }
        let short = try time(of: 32 << 10)
        let long = try time(of: 512 << 10)
        // Sixteen times as much; the rest is for caches and other noise.
        #expect(long < short * 50 + .milliseconds(200), "\(short), \(long)")
    }

    @Test(
        arguments: [
            [0x00, 0x00, 0x10, 0x00, 0x82],
            [0x01, 0x00, 0x00, 0x00, 0x86],
            [0x03, 0x00, 0x00, 0x00, 0x82, 0x01, 0x78],
        ] as [[UInt8]]
    )
    func aLongStreamTakesLinearTimeAndNoMoreThanAFrame(_ filling: [UInt8]) throws {
        func time(of count: Int) throws -> Duration {
            let bytes = Array((0..<count / filling.count).map { _ in filling }.joined())
            let stream = HostileStream([251, 2] + bytes)
            return try processorTime { try stream.check() }
        }
        let short = try time(of: 64 << 10)
        let long = try time(of: 1_100 << 10)
        #expect(long < short * 60 + .milliseconds(200), "\(short), \(long)")
    }
}
