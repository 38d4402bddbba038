internal import HTTPTypes
internal import Hummingbird
public import SandmillService

extension Request {
    /// The parameters of the query, in their order; as forms and many clients write it, with `+` for a space (URL
    /// Standard, "application/x-www-form-urlencoded parsing").
    var queryParameters: [ListParameter] {
        (uri.query ?? "").split(separator: "&").map { parameter in
            let parts = parameter.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let texts = parts.map { part in
                let text = part.replacing("+", with: " ")
                return String(percentDecoding: text) ?? String(text)
            }
            return ListParameter(texts[0], texts.count > 1 ? texts[1] : "")
        }
    }

    /// The link to the page that comes next (RFC 8288).
    func link(to next: ListCursor) -> HTTPField {
        guard let name = HTTPField.Name("Link") else { preconditionFailure("it is a name") }
        let others = queryParameters.filter { $0.name != "cursor" }
        let query = (others + [ListParameter("cursor", next.text)]).query
        return HTTPField(name: name, value: "<?\(query)>; rel=\"next\"")
    }
}

extension Response {
    /// A page of documents, as JSON or CSV; what comes next is also a link (RFC 8288).
    ///
    /// - Parameters:
    ///   - items: The documents, objects.
    ///   - name: The field of the JSON answer that has them.
    ///   - fields: The columns of the CSV answer.
    ///   - next: What the next page comes after.
    ///   - request: What is answered.
    /// - Returns: The answer.
    static func page(
        _ items: [JSONValue],
        called name: String,
        fields: [String],
        next: ListCursor?,
        for request: Request
    ) -> Response {
        var response = list(
            JSONValue.object([name: .array(items), "next": .optional(next?.text)]),
            as: CSVTable(fields, documents: items),
            for: request
        )
        if let next { response.headers.append(request.link(to: next)) }
        return response
    }
}

extension CSVTable {
    /// A table of documents, objects, with those of their fields that are named.
    public init(_ fields: [String], documents: [JSONValue]) {
        self.init(
            fields,
            rows: documents.map { document in
                fields.map { Value(document[$0] ?? .null) }
            }
        )
    }
}

extension CSVTable.Value {
    /// A value of a document; an object or an array as JSON.
    init(_ value: JSONValue) {
        self =
            switch value {
            case .null: .none
            case .bool(let value): .number(value ? "true" : "false")
            case .integer(let value): .number(String(value))
            case .number(let value): .number(String(value))
            case .string(let text): .text(text)
            case .array, .object: .text(String(decoding: DocumentBody.encode(value), as: UTF8.self))
            }
    }
}
