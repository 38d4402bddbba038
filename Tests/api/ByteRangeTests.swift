import Testing

@testable import SandmillAPI

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=2-5", 2..<6), ("bytes=5-", 5..<10), ("bytes=9-9", 9..<10),
        ("bytes=-3", 7..<10), ("bytes=-100", 0..<10), ("bytes=0-100", 0..<10),
        ("BYTES=1-1", 1..<2), ("bytes=3-99999999999999999999", 3..<10),
        ("bytes=-99999999999999999999", 0..<10), ("bytes=0-9223372036854775807", 0..<10),
    ])
    func oneRangeIsThatPart(field: String, part: Range<Int>) {
        #expect(ByteRange(field, size: 10) == .part(part))
    }

    @Test(arguments: [
        nil, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "bytes=5-2",
        "bytes= 0-1", "bytes=+1-2", "bytes=0x1-2", "bytes=1--2", "items=0-1", "bytes=0-1;q=1",
        "bytes=\u{0661}-2",
    ])
    func whatIsNoSingleRangeIsIgnored(field: String?) {
        #expect(ByteRange(field, size: 10) == .whole)
    }

    @Test(arguments: [
        "bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-",
    ])
    func whatLiesOutsideIsUnsatisfiable(field: String) {
        #expect(ByteRange(field, size: 10) == .unsatisfiable)
    }

    @Test(arguments: ["bytes=0-", "bytes=0-0", "bytes=-1"])
    func nothingHasNoRange(field: String) {
        #expect(ByteRange(field, size: 0) == .unsatisfiable)
    }
}
