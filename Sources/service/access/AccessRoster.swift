/// All callers that a gateway accepts.
public struct AccessRoster: Equatable, Sendable {
    /// The tokens that count, by their hash.
    public var tokens: [[UInt8]: AccessToken]
    /// Whether there is any token, be it one that counts no more.
    public var hasEverHadTokens: Bool

    /// Puts a roster together.
    public init(tokens: [[UInt8]: AccessToken], hasEverHadTokens: Bool) {
        self.tokens = tokens
        self.hasEverHadTokens = hasEverHadTokens
    }
}
