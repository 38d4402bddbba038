/// A number of bytes.
public struct ByteCount: Hashable, Comparable, Sendable, Codable {
    /// The number; negative only as a difference.
    public var bytes: Int64

    /// Counts bytes.
    public init(_ bytes: Int64) {
        self.bytes = bytes
    }

    /// Counts the bytes of a buffer.
    public init(_ bytes: Int) {
        self.bytes = Int64(bytes)
    }

    /// Reads a plain number.
    public init(from decoder: any Decoder) throws {
        bytes = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes a plain number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }

    /// No bytes.
    public static let zero = ByteCount(0 as Int64)

    /// So many times 1,024 bytes.
    public static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 10) }

    /// So many times 1,048,576 bytes.
    public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }

    /// Orders by size.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    /// Adds up.
    public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(left.bytes + right.bytes)
    }

    /// Takes away.
    public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(left.bytes - right.bytes)
    }
}
