public import FoundationEssentials

/// A token as operators see it: all but its secret.
public struct AccessToken: Equatable, Sendable {
    /// What it begins with and is called by.
    public var prefix: String
    /// Who has it, for people.
    public var name: String
    /// Whose executions it is for.
    public var tenant: String
    /// What it may do.
    public var role: AccessRole
    /// When it was made.
    public var createdAt: Date
    /// When it ends by itself; nil for never.
    public var expiresAt: Date?
    /// When it was revoked.
    public var revokedAt: Date?
    /// When it was used last, to the minute.
    public var lastUsedAt: Date?

    /// Puts a token together.
    public init(
        prefix: String,
        name: String,
        tenant: String,
        role: AccessRole,
        createdAt: Date,
        expiresAt: Date?,
        revokedAt: Date?,
        lastUsedAt: Date?
    ) {
        self.prefix = prefix
        self.name = name
        self.tenant = tenant
        self.role = role
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }
}
