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

    /// The one that two others make together, always the same (RFC 9562, section 5.8); with one of them
    /// each other makes another.
    public func combined(with other: UUID) -> UUID {
        let (a, b) = (uuid, other.uuid)
        return UUID(
            uuid: (
                a.0 ^ b.0, a.1 ^ b.1, a.2 ^ b.2, a.3 ^ b.3, a.4 ^ b.4, a.5 ^ b.5,
                (a.6 ^ b.6) & 0x0F | 0x80, a.7 ^ b.7, (a.8 ^ b.8) & 0x3F | 0x80, a.9 ^ b.9,
                a.10 ^ b.10, a.11 ^ b.11, a.12 ^ b.12, a.13 ^ b.13, a.14 ^ b.14, a.15 ^ b.15
            )
        )
    }
}
