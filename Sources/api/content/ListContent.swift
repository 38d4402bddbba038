internal import HTTPTypes
internal import Hummingbird
internal import SandmillService

extension Request {
    /// Refuses a query with a parameter that is none of `names`, or, with `prefixes`, begins with none of
    /// these: a filter that is misspelt would otherwise find everything.
    func allowParameters(_ names: [String], prefixes: [String] = []) throws(Problem) {
        for name in queryParameters.map(\.name) {
            guard !names.contains(name), !prefixes.contains(where: name.hasPrefix) else { continue }
            let known = (names + prefixes.map { "\($0)…" }).joined(separator: ", ")
            throw Problem(
                .invalidRequest,
                "there is no parameter \(name)"
                    + (known.isEmpty ? "" : "; there are \(known)")
            )
        }
    }

    /// Whether the client would rather have CSV than JSON (RFC 9110, section 12.5.1).
    var prefersCSV: Bool {
        let accepted = headers[values: .accept].joined(separator: ",")
        return Self.weight(of: "text/csv", in: accepted)
            > Self.weight(of: "application/json", in: accepted)
    }

    /// The weight of the most specific range that a type is in, from 0 to 1.
    private static func weight(of type: String, in accepted: String) -> Double {
        let ranges = [type, type.prefix { $0 != "/" } + "/*", "*/*"]
        var found: (place: Int, weight: Double) = (ranges.count, 0)
        for part in accepted.lowercased().split(separator: ",") {
            let words = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let range = words.first, let place = ranges.firstIndex(of: range),
                place < found.place
            else { continue }
            let quality = words.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
            found = (place, quality.flatMap { Double($0) } ?? 1)
        }
        return found.weight
    }
}

extension Response {
    /// A list: JSON, or CSV where the client would rather have that.
    static func list(
        _ body: some Encodable,
        as table: CSVTable,
        for request: Request
    ) -> Response {
        var response: Response =
            request.prefersCSV
            ? Response(
                status: .ok,
                headers: [.contentType: CSVTable.contentType, .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: table.text))
            )
            : .json(body)
        response.headers[.vary] = "Accept"
        return response
    }
}
