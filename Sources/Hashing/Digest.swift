/// The 32 bytes of a SHA-256 (FIPS 180-4), or of an HMAC made with it.
public struct Digest: Hashable, Sendable {
    /// The bytes.
    public let bytes: [UInt8]

    /// Digits of base 16, two a byte, in lower case.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }
}
