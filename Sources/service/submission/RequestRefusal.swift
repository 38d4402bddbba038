/// Why a request is not accepted, in words that its author can act on.
public struct RequestRefusal: Error, Equatable, Sendable {
    /// The kind, as dead letters and problem documents name it.
    public enum Kind: String, CaseIterable, Sendable {
        /// The message is not a request: its body, a property or a field.
        case invalidRequest = "invalid_request"
        /// The body is above the size limit.
        case tooLarge = "too_large"
        /// The id is known with another content.
        case idConflict = "id_conflict"
        /// Whoever published it may not do so for the tenant that it names.
        case forbiddenTenant = "forbidden_tenant"
    }

    /// The kind.
    public let kind: Kind
    /// The field, as a JSON pointer (RFC 6901); nil when it is not about one field.
    public let pointer: String?
    /// What is wrong with it.
    public let message: String

    /// Describes a refusal.
    public init(_ kind: Kind, at pointer: String? = nil, _ message: String) {
        self.kind = kind
        self.pointer = pointer
        self.message = message
    }

    /// The field and what is wrong with it.
    public var reason: String {
        pointer.map { "\($0.isEmpty ? "the body" : $0): \(message)" } ?? message
    }
}
