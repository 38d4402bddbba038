public import FoundationEssentials

/// How a member of a batch ended.
public struct MemberResult: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Its result document, JSON on one line.
    public var document: String

    /// Describes an end.
    public init(id: UUID, document: String) {
        self.id = id
        self.document = document
    }
}
