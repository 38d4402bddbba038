/// A token that is to be kept.
public struct NewAccessToken: Equatable, Sendable {
    /// What it begins with.
    public var prefix: String
    /// The SHA-256 of all of it.
    public var digest: [UInt8]
    /// Who has it, for people.
    public var name: String
    /// Whose executions it is for.
    public var tenant: String
    /// What it may do.
    public var role: AccessRole
    /// How long it counts; nil for ever.
    public var lifetime: Duration?

    /// Describes a token.
    public init(
        prefix: String,
        digest: [UInt8],
        name: String,
        tenant: String,
        role: AccessRole,
        lifetime: Duration?
    ) {
        self.prefix = prefix
        self.digest = digest
        self.name = name
        self.tenant = tenant
        self.role = role
        self.lifetime = lifetime
    }
}
