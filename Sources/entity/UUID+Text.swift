public import FoundationEssentials

extension UUID {
    /// The 36 characters as RFC 9562 (section 4) prints them, in lower case: on the wire, on disk,
    /// in the record store and in logs.
    public var text: String { uuidString.lowercased() }

    /// Reads the 36 characters as RFC 9562 writes them, in either case; nil for anything else.
    ///
    /// Foundation takes spaces and signs for digits, and whatever stands behind a U+0000.
    public init?(text: String) {
        self.init(uuidString: text)
        guard self.text == text.lowercased() else { return nil }
    }

    /// A random one (RFC 9562, section 5.4).
    ///
    /// `UUID()` opens `/dev/urandom` each time; this asks the kernel without a file.
    public static func random() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return UUID(
            high: generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }

    /// The one with these bits, the first 64 and the last.
    public init(high: UInt64, low: UInt64) {
        func byte(_ index: UInt64) -> UInt8 {
            UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> (56 - index % 8 * 8))
        }
        self.init(
            uuid: (
                byte(0), byte(1), byte(2), byte(3), byte(4), byte(5), byte(6), byte(7),
                byte(8), byte(9), byte(10), byte(11), byte(12), byte(13), byte(14), byte(15)
            )
        )
    }
}
