internal import FoundationEssentials
import Hashing

/// A token as its holder has it: `sandmill_<8 digits>_<256 random bits>`.
///
/// It is shown once. What begins it names it; only its hash is kept, which is enough for a secret
/// that nobody can guess.
public struct TokenSecret: Sendable {
    /// What it begins with and is called by.
    public let prefix: String
    /// All of it.
    public let text: String

    /// Makes one, with the kernel's randomness.
    public static func random() -> TokenSecret {
        var generator = SystemRandomNumberGenerator()
        let name = String(generator.next() as UInt32, radix: 16)
        let prefix = String(repeating: "0", count: 8 - name.count) + name
        return TokenSecret(prefix: prefix, text: "sandmill_\(prefix)_\(randomText())")
    }

    /// 256 bits of the kernel's randomness in the alphabet of URLs (RFC 4648, 5).
    static func randomText() -> String {
        var generator = SystemRandomNumberGenerator()
        let bits = (0..<32).map { _ in generator.next() as UInt8 }
        return Data(bits).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// What is kept of it.
    public var digest: [UInt8] { Self.digest(of: text) }

    /// The SHA-256 of a token.
    static func digest(of text: String) -> [UInt8] {
        SHA256.hash(text.utf8).bytes
    }
}
