/// Who asks an object store; no text that is made of it tells the secrets.
public struct Credentials: Equatable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible,
    CustomReflectable
{
    let accessKey: String
    let secretKey: String
    let sessionToken: String?

    /// Takes a key, and the token that belongs to it where it is a temporary one.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    /// Says nothing.
    public var description: String { "credentials" }
    /// Says nothing.
    public var debugDescription: String { "credentials" }
    /// Has nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
