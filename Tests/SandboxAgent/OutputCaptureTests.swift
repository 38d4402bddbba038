import SandboxAgentCore
import Testing

struct OutputCaptureTests {
    @Test(arguments: [0, 1, 2, 3, 9, 10, 64, 1_000] as [UInt64], [1, 2, 3, 7, 50, 5_000])
    func headAndTailAreTheFirstAndLastHalf(cap: UInt64, chunk: Int) {
        for total in [0, 1, 2, 3, 8, 9, 10, 11, 63, 64, 65, 999, 1_000, 1_001, 3_333] {
            let bytes = (0..<total).map { UInt8(truncatingIfNeeded: $0 % 251) }
            var capture = OutputCapture(cap: cap)
            var head: [UInt8] = []
            for start in stride(from: 0, to: total, by: chunk) {
                head += capture.append(Array(bytes[start..<min(start + chunk, total)]))
            }
            let headLimit = Int(cap - cap / 2)
            #expect(head == Array(bytes.prefix(headLimit)))
            #expect(capture.tail() == Array(bytes.dropFirst(headLimit).suffix(Int(cap / 2))))
            #expect(capture.count == UInt64(total))
            #expect(capture.isTruncated == (total > cap))
        }
    }

    @Test func nothingIsLostUpToTheCap() {
        var capture = OutputCapture(cap: 11)
        let bytes = Array("hello world".utf8)
        let head = capture.append(bytes)
        #expect(!capture.isTruncated)
        #expect(Array(head) + capture.tail() == bytes)
    }
}
