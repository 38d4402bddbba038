internal import FoundationEssentials

/// A parameter of a list as it is written in a query, on a command line and in a stored filter.
public struct ListParameter: Equatable, Sendable {
    /// What it is called, such as `state` or `label.student`.
    public var name: String
    /// Its value.
    public var value: String

    /// Puts a parameter together.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Why a list cannot be asked for so.
public struct ListRefusal: Error, Equatable, Sendable {
    /// The parameter that is wrong.
    public let parameter: String
    /// What is wrong with it, as the rest of a sentence that begins with its name.
    public let message: String

    /// Describes a refusal.
    public init(_ parameter: String, _ message: String) {
        self.parameter = parameter
        self.message = message
    }
}

extension [ListParameter] {
    /// The parameters as the query of a URL, percent-encoded, without a question mark.
    public var query: String {
        map { "\($0.name.queryEncoded)=\($0.value.queryEncoded)" }.joined(separator: "&")
    }

    /// The parameters as a document: each name once, its values in an array.
    public var json: JSONValue {
        .object(
            reduce(into: [:]) { fields, parameter in
                var values: [JSONValue] = []
                if case .array(let known)? = fields[parameter.name] { values = known }
                fields[parameter.name] = .array(values + [.string(parameter.value)])
            }
        )
    }

    /// Reads a document whose fields are strings, or arrays of strings.
    public init(_ json: JSONValue) throws(ListRefusal) {
        self = []
        guard case .object(let fields) = json else {
            throw ListRefusal("filter", "is not an object")
        }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            let values: [JSONValue] = if case .array(let values) = value { values } else { [value] }
            for value in values {
                guard let text = value.string else {
                    throw ListRefusal(name, "is not a string or an array of strings")
                }
                append(ListParameter(name, text))
            }
        }
    }
}

extension String {
    /// The text with every byte percent-encoded that is not unreserved (RFC 3986, section 2.3).
    fileprivate var queryEncoded: String {
        utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
    }
}
