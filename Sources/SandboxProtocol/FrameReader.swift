/// Reads the fields of one frame's payload; never past its end, whatever a count claims.
public struct FrameReader {
    private var rest: ArraySlice<UInt8>

    /// Reads `payload`, the bytes behind the type byte.
    public init(_ payload: ArraySlice<UInt8>) {
        rest = payload
    }

    /// Reads a little-endian integer.
    public mutating func read<Value: FixedWidthInteger>(
        _: Value.Type = Value.self
    ) throws(FrameError) -> Value {
        let field = try take(Value.bitWidth / 8)
        var value: Value = 0
        for byte in field.reversed() { value = (value << 8) | Value(truncatingIfNeeded: byte) }
        return value
    }

    /// Reads one byte that is 0 or 1.
    public mutating func readBool(_ name: String) throws(FrameError) -> Bool {
        switch try read(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .invalid(name)
        }
    }

    /// Reads a byte string of at most `limit` bytes.
    public mutating func readBytes(
        _ name: String,
        limit: Int = FrameLimits.payload
    ) throws(FrameError) -> [UInt8] {
        let count = try read(UInt32.self)
        guard count <= limit else { throw .invalid(name) }
        return Array(try take(Int(count)))
    }

    /// Reads a string that must be valid UTF-8.
    public mutating func readString(_ name: String) throws(FrameError) -> String {
        guard let string = String(validating: try readBytes(name), as: UTF8.self) else {
            throw .invalid(name)
        }
        return string
    }

    /// Reads a list of at most ``FrameLimits/elements`` elements.
    public mutating func readList<Element>(
        _ name: String,
        _ readElement: (inout FrameReader) throws(FrameError) -> Element
    ) throws(FrameError) -> [Element] {
        let count = try read(UInt32.self)
        guard count <= FrameLimits.elements else { throw .invalid(name) }
        var list: [Element] = []
        for _ in 0..<count { list.append(try readElement(&self)) }
        return list
    }

    /// Reads all that is left.
    public mutating func readRest() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    /// Checks that nothing is left.
    public func finish() throws(FrameError) {
        guard rest.isEmpty else { throw .trailingBytes }
    }

    private mutating func take(_ count: Int) throws(FrameError) -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw .truncated }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
