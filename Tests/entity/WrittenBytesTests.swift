import Testing

@testable import SandmillEntity

@Suite("WrittenBytes")
struct WrittenBytesTests {
    @Test func whatTwoSecondsLetThroughIsNotTooMuch() {
        var written = WrittenBytes(rate: ByteCount(100))
        written.add(ByteCount(200), by: "a", at: .seconds(5))
        #expect(!written.exceeds("a", at: .seconds(5)))
        written.add(ByteCount(50), by: "a", at: .seconds(5))
        #expect(written.exceeds("a", at: .seconds(5)))
        #expect(!written.exceeds("b", at: .seconds(5)))
        #expect(written.exceeds("a", at: .milliseconds(5_499)))
        #expect(!written.exceeds("a", at: .milliseconds(5_500)))
    }

    @Test func nothingIsSavedUp() {
        var written = WrittenBytes(rate: ByteCount(100))
        written.add(ByteCount(1), by: "a", at: .zero)
        written.add(ByteCount(201), by: "a", at: .seconds(1_000))
        #expect(written.exceeds("a", at: .seconds(1_000)))
    }

    @Test func withoutARateNothingIsTooMuch() {
        var written = WrittenBytes(rate: nil)
        written.add(ByteCount(Int64.max), by: "a", at: .zero)
        #expect(!written.exceeds("a", at: .zero))
        #expect(written.count == 0)
    }

    @Test func tenantsThatHaveNothingLeftAreForgotten() {
        var written = WrittenBytes(rate: ByteCount(100))
        for number in 0..<5_000 {
            written.add(ByteCount(100), by: "\(number)", at: .seconds(number))
        }
        #expect(written.count <= 1_025)
    }
}
