public import FoundationEssentials

/// A completion event: CloudEvents 1.0, JSON structured mode.
public struct CompletionEvent: Encodable, Sendable {
    /// What the event is called on the wire.
    public static let type = "dev.sandmill.execution.finished.v1"

    /// Stable across resends.
    public var id: UUID
    /// Which installation it comes from.
    public var cluster: String
    /// The W3C trace context of the request.
    public var traceparent: String?
    /// The execution.
    public var data: ResultDocument

    /// Announces the end of an execution.
    public init(id: UUID, cluster: String, traceparent: String?, data: ResultDocument) {
        self.id = id
        self.cluster = cluster
        self.traceparent = traceparent
        self.data = data
    }

    /// The topic that subscribers bind to: `execution.<state>.<pool>.<tenant>`.
    public var routingKey: String {
        "execution.\(data.state.rawValue).\(data.pool).\(Self.routingWord(data.tenant))"
    }

    /// A tenant as one word of a routing key: its dots become underscores.
    public static func routingWord(_ tenant: String) -> String {
        String(tenant.map { $0 == "." ? "_" : $0 })
    }

    /// Writes the envelope (CloudEvents 1.0 JSON format, section 3).
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("1.0", forKey: .specversion)
        try container.encode(id.text, forKey: .id)
        try container.encode("/sandmill/\(cluster)", forKey: .source)
        try container.encode(Self.type, forKey: .type)
        try container.encode(data.id.text, forKey: .subject)
        try container.encode(data.finishedAt, forKey: .time)
        try container.encode("application/json", forKey: .datacontenttype)
        try container.encodeIfPresent(traceparent, forKey: .traceparent)
        try container.encode(data, forKey: .data)
    }

    private enum CodingKeys: String, CodingKey {
        case specversion
        case id
        case source
        case type
        case subject
        case time
        case datacontenttype
        case traceparent
        case data
    }
}
