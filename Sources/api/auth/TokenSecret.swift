internal import Crypto
internal import FoundationEssentials

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
        let bits = (0..<32).map { _ in generator.next() as UInt8 }
        let secret = Data(bits).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return TokenSecret(prefix: prefix, text: "sandmill_\(prefix)_\(secret)")
    }

    /// What is kept of it.
    public var digest: [UInt8] { Self.digest(of: text) }

    /// The SHA-256 of a token.
    static func digest(of text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}
