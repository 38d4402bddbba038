/// Who else may use the sandbox that an execution gets.
public enum Isolation: String, CaseIterable, Sendable {
    /// Executions of the same tenant, one after the other, the sandbox proved clean in between.
    case tenant
    /// Nobody, neither before nor after.
    case fresh
}
