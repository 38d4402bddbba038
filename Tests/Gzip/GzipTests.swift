import Gzip
import Testing

@Suite struct GzipTests {
    /// What `printf 'print(1)\n' | gzip -n` prints.
    private static let small: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2B, 0x28, 0xCA, 0xCC, 0x2B,
        0xD1, 0x30, 0xD4, 0xE4, 0x02, 0x00, 0x06, 0x1E, 0xE1, 0x3C, 0x09, 0x00, 0x00, 0x00,
    ]
    /// What `gzip -n < /dev/null` prints.
    private static let empty: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x03, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00,
    ]

    @Test func aTextComesOutAsItWentIn() throws {
        #expect(try Gzip.inflate(Self.small, limit: 9) == Array("print(1)\n".utf8))
        #expect(try Gzip.inflate(Self.empty, limit: 0) == [])
    }

    @Test func moreThanIsWantedDoesNotComeOut() {
        #expect(throws: Gzip.Failure.tooLong) { try Gzip.inflate(Self.small, limit: 8) }
    }

    /// The length that it says is what is written at most.
    @Test func moreThanItSaysDoesNotComeOut() {
        var liar = Self.small
        liar[liar.count - 4] = 3
        #expect(throws: Gzip.Failure.malformed) { try Gzip.inflate(liar, limit: 9) }
        liar[liar.count - 4] = 10
        #expect(throws: Gzip.Failure.malformed) { try Gzip.inflate(liar, limit: 10) }
    }

    @Test func whatIsNoTextOfTheFormatIsMalformed() {
        for length in 0..<Self.small.count {
            #expect(throws: Gzip.Failure.self) {
                try Gzip.inflate(Array(Self.small.prefix(length)), limit: 1 << 20)
            }
        }
        for text in [Self.small + Self.small, Self.small + [0], Array(repeating: 7, count: 40)] {
            #expect(throws: Gzip.Failure.self) { try Gzip.inflate(text, limit: 1 << 30) }
        }
    }
}
