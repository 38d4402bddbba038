import SandboxProtocol
import TestSupport
import Testing

/// Whatever a sandbox sends, the worker gets frames or one error, and holds no more than a frame.
struct HostileStreamTests {
    @Test(arguments: 0..<200)
    func randomBytesAreFramesOrAnError(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0..<4_096, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        _ = try? reports(in: bytes)
        _ = try? commands(in: bytes)
    }

    @Test(arguments: 0..<200)
    func framesWithChangedBytesAreFramesOrAnError(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for var bytes in Samples.commands.map({ $0.encode() })
            + Samples.reports.map({ $0.encode() })
        {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            }
            _ = try? reports(in: bytes)
            _ = try? commands(in: bytes)
        }
    }

    @Test(arguments: 0..<50)
    func whatIsReadIsWhatWouldBeWritten(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var decoder = FrameDecoder()
        for _ in 0..<2_000 {
            let type = UInt8.random(in: 0x81...0x8A, using: &random)
            let payload = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                UInt8.random(in: 0...5, using: &random)
            }
            guard let report = try? Report(Frame(type: type, payload: payload[...])) else {
                continue
            }
            decoder.append(report.encode())
            let frame = try #require(try decoder.next())
            #expect(Array(frame.payload) == payload)
        }
    }
}
