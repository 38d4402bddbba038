/// Why a request is not accepted, in words that its author can act on.
public struct RequestRefusal: Error, Equatable, Sendable {
    /// The kind, as dead letters and problem documents name it.
    public enum Kind: String, CaseIterable, Sendable {
        /// The message is not a request: its body, a property or a field.
        case invalidRequest = "invalid_request"
        /// The body is above the size limit.
        case tooLarge = "too_large"
        /// The body is encoded in a way that is not understood.
        case unsupportedEncoding = "unsupported_encoding"
        /// The id is known with another content.
        case idConflict = "id_conflict"
        /// Whoever published it may not do so for the tenant that it names.
        case forbiddenTenant = "forbidden_tenant"
    }

    /// One thing that is wrong.
    public struct Fault: Codable, Equatable, Sendable {
        /// The field, as a JSON pointer (RFC 6901); nil when it is not about one field.
        public let pointer: String?
        /// What is wrong with it.
        public let message: String

        /// Describes a fault.
        public init(at pointer: String? = nil, _ message: String) {
            self.pointer = pointer
            self.message = message
        }

        /// Writes both fields, the pointer as null where there is none.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(pointer, forKey: .pointer)
            try container.encode(message, forKey: .message)
        }

        /// The field and what is wrong with it.
        public var reason: String {
            pointer.map { "\($0.isEmpty ? "the body" : $0): \(message)" } ?? message
        }
    }

    /// The kind.
    public let kind: Kind
    /// Everything that is wrong, what was found first in front; never empty.
    public let faults: [Fault]

    /// Describes a refusal.
    public init(_ kind: Kind, at pointer: String? = nil, _ message: String) {
        self.kind = kind
        faults = [Fault(at: pointer, message)]
    }

    /// Describes a refusal for several faults, of which there is one at least.
    init(_ kind: Kind, _ faults: [Fault]) {
        precondition(!faults.isEmpty, "something is wrong")
        self.kind = kind
        self.faults = faults
    }

    /// The first field that is wrong, as a JSON pointer; nil when it is not about one field.
    public var pointer: String? { faults[0].pointer }

    /// What is wrong with it.
    public var message: String { faults[0].message }

    /// The first field and what is wrong with it.
    public var reason: String { faults[0].reason }
}
