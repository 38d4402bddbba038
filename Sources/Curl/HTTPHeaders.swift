/// The header fields of a request or a response, in their order.
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// One field.
    public struct Field: Sendable, Equatable {
        /// The field's name; its case means nothing.
        public let name: String
        /// The field's value.
        public let value: String
    }

    /// All fields, in the order they were added.
    public private(set) var fields: [Field] = []

    /// Starts with the fields of a literal.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// The value of the first field called `name`, in any case.
    public subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Adds a field behind the others.
    public mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Adds the field of a line as it came from a server; a line that is none is left out.
    mutating func append(line: Substring) {
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...]
        append(String(line[..<colon]), String(value.trimmingASCIIWhitespace))
    }

    /// The lines to send; throws for a field that could forge another, or end the head.
    func lines() throws(CurlError) -> [String] {
        for field in fields where !field.isSendable {
            throw CurlError(.invalidRequest, "a header field has a forbidden character")
        }
        return fields.map { "\($0.name): \($0.value)" }
    }
}

extension HTTPHeaders.Field {
    /// A token and a value without control characters (RFC 9110, section 5).
    fileprivate var isSendable: Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}

extension Substring {
    fileprivate var trimmingASCIIWhitespace: Substring {
        var rest = self
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
