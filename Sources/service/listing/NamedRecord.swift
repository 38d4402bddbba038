public import FoundationEssentials

/// An execution or a batch that a text may mean: its id, the beginning of that, or the name of a member.
public struct NamedRecord: Equatable, Sendable {
    /// What it is.
    public enum Kind: String, Sendable {
        /// An execution.
        case execution
        /// A batch.
        case batch
    }

    /// Its id.
    public let id: UUID
    /// What it is.
    public let kind: Kind
    /// Whose it is.
    public let tenant: String
    /// When it was accepted.
    public let submittedAt: Date
    /// Whether the text is its name, and not the beginning of its id.
    public let isByName: Bool

    /// Describes one.
    public init(id: UUID, kind: Kind, tenant: String, submittedAt: Date, isByName: Bool) {
        self.id = id
        self.kind = kind
        self.tenant = tenant
        self.submittedAt = submittedAt
        self.isByName = isByName
    }
}
