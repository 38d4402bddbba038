/// What is kept of one output stream: its head as it comes, its tail in a ring, and a count of all.
///
/// Memory is bounded by half of the cap, however much is written.
public struct OutputCapture {
    /// How many bytes were written, kept or not.
    public private(set) var count: UInt64 = 0

    private let cap: UInt64
    private let headLimit: UInt64
    private let tailLimit: Int
    private var ring: [UInt8] = []
    private var ringStart = 0

    /// Keeps `cap` bytes, half from the head of the stream and half from its tail.
    public init(cap: UInt64) {
        self.cap = cap
        headLimit = cap - cap / 2
        tailLimit = Int(clamping: cap / 2)
    }

    /// Whether more was written than is kept.
    public var isTruncated: Bool { count > cap }

    /// Takes the next bytes and returns those of them that belong to the head.
    public mutating func append(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let room = headLimit > count ? headLimit - count : 0
        let head = bytes.prefix(Int(min(room, UInt64(bytes.count))))
        count += UInt64(bytes.count)
        keep(bytes[head.endIndex...].suffix(tailLimit))
        return head
    }

    /// The kept bytes behind the head, in order.
    public func tail() -> [UInt8] {
        Array(ring[ringStart...] + ring[..<ringStart])
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        let fresh = bytes.prefix(tailLimit - ring.count)
        ring.append(contentsOf: fresh)
        var rest = bytes[fresh.endIndex...]
        while !rest.isEmpty {
            let part = rest.prefix(tailLimit - ringStart)
            ring.replaceSubrange(ringStart..<(ringStart + part.count), with: part)
            ringStart = (ringStart + part.count) % tailLimit
            rest = rest[part.endIndex...]
        }
    }
}
