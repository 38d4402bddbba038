public import SandmillEntity

/// A level of a tenant: what is fair is reckoned between these.
public struct Lane: Hashable, Sendable {
    /// The level.
    public var level: Level
    /// The tenant.
    public var tenant: String

    /// Names one.
    public init(level: Level, tenant: String) {
        self.level = level
        self.tenant = tenant
    }
}
