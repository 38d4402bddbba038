internal import FoundationEssentials
internal import Synchronization

/// A key of any JSON object.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}

/// How many fields a decoder has read in all the objects that it opened strictly.
final class FieldCount: Sendable {
    /// Where a decoder has it, if the fields are to be counted.
    static let key: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "FieldCount") else {
            preconditionFailure("every string is a key")
        }
        return key
    }()

    private let total = Mutex(0)

    /// How many.
    var count: Int { total.withLock { $0 } }

    /// Adds fields that were read.
    func add(_ count: Int) { total.withLock { $0 += count } }
}

extension Decoder {
    /// Opens an object, refusing every field that `Key` does not have.
    func strictContainer<Key: CodingKey>(
        keyedBy _: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        let keys = try container(keyedBy: AnyKey.self).allKeys
        for key in keys where Key(stringValue: key.stringValue) == nil {
            throw DecodingError.refusal(at: codingPath + [key], "there is no such field")
        }
        (userInfo[FieldCount.key] as? FieldCount)?.add(keys.count)
        return try container(keyedBy: Key.self)
    }
}

extension DecodingError {
    /// A value that has the right type and is refused all the same.
    static func refusal(at path: [any CodingKey], _ message: String) -> DecodingError {
        .dataCorrupted(Context(codingPath: path, debugDescription: message))
    }
}

extension RequestRefusal {
    /// Says in our words what the decoder found.
    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(let type, let context):
            self.init(
                .invalidRequest,
                at: Self.pointer(context.codingPath),
                "expected \(Self.name(of: type))"
            )
        case .valueNotFound(let type, let context):
            self.init(
                .invalidRequest,
                at: Self.pointer(context.codingPath),
                "expected \(Self.name(of: type)), found null"
            )
        case .keyNotFound(let key, let context):
            self.init(
                .invalidRequest,
                at: Self.pointer(context.codingPath + [key]),
                "missing"
            )
        case .dataCorrupted(let context):
            self.init(
                .invalidRequest,
                at: Self.pointer(context.codingPath),
                context.debugDescription
            )
        @unknown default:
            self.init(.invalidRequest, "not a request")
        }
    }

    private static func pointer(_ path: [any CodingKey]) -> String {
        pointer(to: path.map { $0.intValue.map(String.init) ?? $0.stringValue })
    }

    /// The JSON pointer whose tokens these are (RFC 6901, section 3).
    ///
    /// A refusal is stored and shown, so a token is cut at 128 characters, and a U+0000, which no
    /// text of Postgres holds, becomes U+FFFD.
    static func pointer(to tokens: [String]) -> String {
        var pointer = ""
        for token in tokens {
            pointer += "/"
            for scalar in token.unicodeScalars.prefix(128) {
                switch scalar {
                case "\0": pointer += "\u{FFFD}"
                case "~": pointer += "~0"
                case "/": pointer += "~1"
                default: pointer.unicodeScalars.append(scalar)
                }
            }
        }
        return pointer
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [String: String].Type, is [String: Any].Type: "an object"
        case is any Sequence.Type: "an array"
        default: "an object"
        }
    }
}
