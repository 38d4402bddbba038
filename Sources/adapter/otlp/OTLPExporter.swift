internal import Curl
public import SandmillService

/// Sends spans to a collector: OTLP over HTTP, in JSON (OpenTelemetry Protocol, "OTLP/HTTP" and "JSON Protobuf
/// Encoding").
public struct OTLPExporter: SpanExporter {
    /// Where spans go, and what they say of this process.
    public struct Settings: Equatable, Sendable {
        /// The URL for traces.
        public var url: String
        /// Further header fields, such as a key.
        public var headers: [String: String]
        /// How long a collector may take.
        public var timeout: Duration
        /// What this process is: `service.name` and more.
        public var resource: [String: String]

        /// Puts settings together.
        public init(
            url: String,
            headers: [String: String] = [:],
            timeout: Duration = .seconds(10),
            resource: [String: String]
        ) {
            self.url = url
            self.headers = headers
            self.timeout = timeout
            self.resource = resource
        }
    }

    private let settings: Settings
    private let client = Client()

    /// Describes one.
    public init(_ settings: Settings) {
        self.settings = settings
    }

    /// Sends spans in one request.
    public func export(_ spans: [Span]) async throws(ExportError) {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        for (name, value) in settings.headers { headers.append(name, value) }
        let response: HTTPResponse
        do throws(CurlError) {
            response = try await client.perform(
                HTTPRequest(
                    .post,
                    settings.url,
                    headers: headers,
                    body: Self.document(of: spans, resource: settings.resource),
                    timeout: settings.timeout
                )
            )
        } catch {
            throw ExportError("\(error)")
        }
        guard (200..<300).contains(response.status) else {
            throw ExportError("the collector answers with \(response.status)")
        }
    }

    /// The request's body.
    static func document(of spans: [Span], resource: [String: String]) -> [UInt8] {
        let document: JSONValue = .object([
            "resourceSpans": .array([
                .object([
                    "resource": .object(["attributes": attributes(resource)]),
                    "scopeSpans": .array([
                        .object([
                            "scope": .object(["name": .string("sandmill")]),
                            "spans": .array(spans.map(value)),
                        ])
                    ]),
                ])
            ])
        ])
        return DocumentCoder.encode(document)
    }

    private static func value(of span: Span) -> JSONValue {
        var fields: [String: JSONValue] = [
            "traceId": .string(span.trace.traceID),
            "spanId": .string(hexadecimal(span.id)),
            "name": .string(span.name.rawValue),
            "kind": .integer(span.name.kind),
            // Whole numbers of 64 bits are strings in this encoding.
            "startTimeUnixNano": .string(String(span.start)),
            "endTimeUnixNano": .string(String(span.end)),
            "attributes": attributes(span.attributes),
        ]
        if let parent = span.trace.parentID { fields["parentSpanId"] = .string(parent) }
        if span.isFailed { fields["status"] = .object(["code": .integer(2)]) }
        return .object(fields)
    }

    private static func attributes(_ values: [String: String]) -> JSONValue {
        .array(
            values.sorted { $0.key < $1.key }.map { key, value in
                .object(["key": .string(key), "value": .object(["stringValue": .string(value)])])
            }
        )
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Span.Name {
    /// `SPAN_KIND_CONSUMER`, `SPAN_KIND_PRODUCER` or `SPAN_KIND_INTERNAL`.
    fileprivate var kind: Int64 {
        switch self {
        case .claim: 5
        case .publish: 4
        case .sandbox, .run, .collect, .commit: 1
        }
    }
}
