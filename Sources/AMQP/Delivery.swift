public import Hashing

/// A message that a consumer received.
public struct Delivery: Hashable, Sendable {
    /// The body, or what was kept of it.
    public enum Body: Hashable, Sendable {
        /// All bytes.
        case complete([UInt8])
        /// The body had `size` bytes, more than the connection's limit; `prefix` is its beginning,
        /// `sha256` the digest of all of it.
        case oversized(size: UInt64, prefix: [UInt8], sha256: Digest)
    }

    /// What acknowledges it, on the channel it came from.
    public let tag: UInt64
    /// Whether it was, or may have been, delivered before.
    public let isRedelivered: Bool
    /// The exchange it was published to.
    public let exchange: String
    /// The routing key it was published with.
    public let routingKey: String
    /// Everything but the body.
    public let properties: MessageProperties
    /// The body.
    public let body: Body
}
