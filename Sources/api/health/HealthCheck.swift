/// One thing that has to work.
public struct HealthCheck: Sendable {
    /// What it is.
    public let name: String
    /// Finds out; returns why it does not work, in words for operators, or nil.
    public let failure: @Sendable () async -> String?

    /// Describes a check.
    public init(_ name: String, failure: @escaping @Sendable () async -> String?) {
        self.name = name
        self.failure = failure
    }
}
