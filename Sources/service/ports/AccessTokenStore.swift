public import FoundationEssentials

/// Keeps who may use the HTTP gateway; of a secret only its hash.
public protocol AccessTokenStore: Sendable {
    /// Keeps a token, whose prefix must be new.
    func create(_ token: NewAccessToken) async throws(StoreError) -> AccessToken

    /// Reads all tokens, the oldest first, with those that count no more.
    func list() async throws(StoreError) -> [AccessToken]

    /// Ends a token; returns it, or nil when there is none with that prefix.
    ///
    /// Of one that was revoked before the time stays.
    func revoke(prefix: String) async throws(StoreError) -> AccessToken?

    /// Reads what a gateway needs to know all callers.
    func roster() async throws(StoreError) -> AccessRoster

    /// Notes that tokens were used, to the minute.
    func markUsed(prefixes: [String]) async throws(StoreError)
}

/// What the holder of a token may do.
public enum AccessRole: String, CaseIterable, Sendable {
    /// See what is its own tenant's.
    case read
    /// The same, and submit, cancel and rerun.
    case submit
    /// The same for every tenant, and see how the installation does.
    case operate
}

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
