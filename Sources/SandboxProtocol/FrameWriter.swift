/// Builds one frame: a little-endian 32-bit payload length, a type byte, then the fields.
///
/// Integers are little-endian and of fixed width; byte strings and lists carry a 32-bit count.
public struct FrameWriter {
    private var bytes: [UInt8]
    private let start: Int

    /// Begins a frame of `type` behind what `buffer` already holds.
    public init(type: UInt8, appendingTo buffer: consuming [UInt8] = []) {
        bytes = buffer
        start = bytes.count
        bytes.append(contentsOf: [0, 0, 0, 0, type])
    }

    /// Ends the frame and returns the buffer with it.
    public consuming func finish() -> [UInt8] {
        let length = UInt32(bytes.count - start - 4)
        precondition(length <= FrameLimits.payload, "a sender must split what it sends")
        for index in 0..<4 {
            bytes[start + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))
        }
        return bytes
    }

    /// Appends an integer, little-endian.
    public mutating func write(_ value: some FixedWidthInteger) {
        var rest = value.littleEndian
        for _ in 0..<(type(of: rest).bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest = rest >> 8
        }
    }

    /// Appends one byte, 0 or 1.
    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    /// Appends a byte string with its count.
    public mutating func write(_ value: some Collection<UInt8>) {
        write(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    /// Appends the UTF-8 of a string with its count.
    public mutating func write(_ value: String) {
        write(value.utf8)
    }

    /// Appends the rest of the payload, without a count.
    public mutating func writeRest(_ value: some Collection<UInt8>) {
        bytes.append(contentsOf: value)
    }

    /// Appends a list with its count.
    public mutating func write<Element>(
        list: [Element],
        _ writeElement: (inout FrameWriter, Element) -> Void
    ) {
        write(UInt32(list.count))
        for element in list { writeElement(&self, element) }
    }
}
