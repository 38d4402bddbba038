import FoundationEssentials
import SandmillService

/// What must be true of every refusal: its author can act on it, and it can be kept.
struct CheckedRefusal {
    private let refusal: RequestRefusal
    private let message: RequestMessage

    init(_ refusal: RequestRefusal, of message: RequestMessage) {
        self.refusal = refusal
        self.message = message
    }

    func check() throws(PropertyViolation) {
        try require(refusal.kind != .idConflict, "a decoder knows of no other request")
        try require(
            !refusal.message.isEmpty && refusal.reason.utf8.count <= 16_384
                && !refusal.reason.utf8.contains(0),
            "a reason can be kept"
        )
        guard let pointer = refusal.pointer else { return try checkProperty() }
        try require(pointer.isEmpty || pointer.utf8.first == UInt8(ascii: "/"), "\(pointer) is one")
        try checkResolves(pointer)
    }

    private func checkProperty() throws(PropertyViolation) {
        try require(
            ["the property", "the header", "the content type"].contains {
                refusal.message.starts(with: $0)
            },
            "\(refusal.message): without a pointer it is about a property"
        )
    }

    /// The pointer leads to a value, or to the object that lacks the field or has it in excess.
    private func checkResolves(_ pointer: String) throws(PropertyViolation) {
        let body = Data(message.body)
        guard !pointer.isEmpty, var value = try? JSONDecoder().decode(JSONValue.self, from: body)
        else { return }
        let tokens = pointer.dropFirst().utf8.split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        ).map { Array(String(Substring($0)).unicodeScalars) }
        for (depth, token) in tokens.enumerated() {
            let isLast = depth == tokens.count - 1
            switch value {
            case .object(let fields):
                guard let field = fields.first(where: { Self.isToken(token, of: $0.key) }) else {
                    return try require(isLast, "\(pointer) leads to a value or its object")
                }
                value = field.value
            case .array(let elements):
                guard let index = Int(String(String.UnicodeScalarView(token))),
                    elements.indices.contains(index)
                else { throw PropertyViolation("\(pointer) leads to an element") }
                value = elements[index]
            default:
                throw PropertyViolation("\(pointer) leads into a value without fields")
            }
        }
    }

    /// Whether `token` is how a pointer names the field `key` (RFC 6901, section 3), cut to 128
    /// characters and without U+0000.
    private static func isToken(_ token: [Unicode.Scalar], of key: String) -> Bool {
        var unescaped: [Unicode.Scalar] = []
        var rest = token[...]
        while let scalar = rest.popFirst() {
            guard scalar == "~" else {
                unescaped.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "0": unescaped.append("~")
            case "1": unescaped.append("/")
            default: return false
            }
        }
        return key.unicodeScalars.prefix(128).map { $0 == "\0" ? "\u{FFFD}" : $0 } == unescaped
    }
}
