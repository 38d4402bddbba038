/// One frame as it came: its type byte and the bytes behind it.
public struct Frame: Equatable, Sendable {
    /// Which frame it is.
    public let type: UInt8
    /// The fields.
    public let payload: ArraySlice<UInt8>

    /// Puts a frame together.
    public init(type: UInt8, payload: ArraySlice<UInt8>) {
        self.type = type
        self.payload = payload
    }
}

/// Cuts a stream of bytes into frames.
///
/// It holds at most one incomplete frame beside what was appended last, so a peer cannot make it
/// grow past ``FrameLimits/payload``.
public struct FrameDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var position = 0

    /// Starts at a frame's boundary.
    public init() {}

    /// Takes the next bytes of the stream.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        if position > 0 {
            buffer.removeSubrange(..<position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Returns the next complete frame, or nil when more bytes are needed.
    public mutating func next() throws(FrameError) -> Frame? {
        guard buffer.count - position >= 4 else { return nil }
        var length: UInt32 = 0
        for index in 0..<4 { length |= UInt32(buffer[position + index]) << (8 * UInt32(index)) }
        guard length >= 1, length <= FrameLimits.payload else { throw .badLength(length) }
        let start = position + 4
        let end = start + Int(length)
        guard buffer.count >= end else { return nil }
        position = end
        return Frame(type: buffer[start], payload: buffer[(start + 1)..<end])
    }
}
