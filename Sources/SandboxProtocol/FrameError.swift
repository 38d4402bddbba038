/// Why bytes that came over a sandbox's stream are not frames of this protocol.
///
/// After any of these the stream has no meaning any more: the sandbox is destroyed.
public enum FrameError: Error, Equatable, Sendable {
    /// A frame announced no payload, or one above ``FrameLimits/payload``.
    case badLength(UInt32)
    /// No frame of this direction has that type.
    case unknownType(UInt8)
    /// A payload ended inside a field.
    case truncated
    /// A payload went on after its last field.
    case trailingBytes
    /// A field's value is outside its range; the field's name.
    case invalid(String)
}
