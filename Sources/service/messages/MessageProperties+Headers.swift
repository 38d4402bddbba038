extension MessageProperties {
    /// The headers of a request that have a meaning; no other is kept with it or sent on.
    public static let meaningfulHeaders = ["tenant", "traceparent", "tracestate"]

    /// The same with those headers alone.
    ///
    /// A broker gives other headers a meaning of its own, and refuses a message whose `CC` is not as
    /// it wants it. A `traceparent` that is none of version 00, and a `tracestate` above 512 bytes or
    /// without a `traceparent`, are left out too: W3C Trace Context, 3.2.2 and 3.3.1.
    public var withMeaningfulHeaders: MessageProperties {
        var properties = self
        properties.headers = headers.filter { Self.meaningfulHeaders.contains($0.key) }
        if headers["traceparent"].map(Self.isTraceParent) != true {
            properties.headers["traceparent"] = nil
            properties.headers["tracestate"] = nil
        }
        if (headers["tracestate"] ?? "").utf8.count > 512 {
            properties.headers["tracestate"] = nil
        }
        return properties
    }

    /// Whether a text is `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, neither id being nought.
    private static func isTraceParent(_ text: String) -> Bool {
        let fields = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let digits = Set("0123456789abcdef".utf8)
        return text.hasPrefix("00-") && fields.map(\.count) == [2, 32, 16, 2]
            && fields.allSatisfy { $0.allSatisfy(digits.contains) }
            && !fields[1...2].contains { $0.allSatisfy { $0 == UInt8(ascii: "0") } }
    }
}
