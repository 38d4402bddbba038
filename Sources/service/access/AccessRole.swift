/// What the holder of a token may do.
public enum AccessRole: String, CaseIterable, Sendable {
    /// See what is its own tenant's.
    case read
    /// The same, and submit, cancel and rerun.
    case submit
    /// The same for every tenant, and see how the installation does.
    case operate
}
