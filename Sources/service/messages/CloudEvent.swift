internal import FoundationEssentials
internal import SandmillEntity

/// The envelope of what is announced: CloudEvents 1.0, JSON structured mode.
struct CloudEvent: Encodable {
    /// The content type of such a message.
    static let contentType = "application/cloudevents+json"

    /// What kind of event it is.
    let type: String
    /// What the installation is called.
    let cluster: String
    /// What it is about.
    let subject: String?
    /// When that happened.
    let time: Date
    /// The W3C trace context of the request; nil where it has none.
    let traceparent: String?
    private let id = UUID.random()

    /// Begins an event about the request of `properties`.
    ///
    /// A record of an earlier version may hold any header, so only those with a meaning are read.
    init(
        type: String,
        cluster: String,
        subject: String?,
        time: Date,
        of properties: MessageProperties
    ) {
        self.type = type
        self.cluster = cluster
        self.subject = subject
        self.time = time
        traceparent = properties.withMeaningfulHeaders.headers["traceparent"]
    }

    /// The event, and its copy for the queue that asked for an answer; both have one id, stable across resends.
    ///
    /// - Parameters:
    ///   - data: Its data, as JSON.
    ///   - routingKey: The topic that subscribers bind to.
    ///   - correlationID: That of the request.
    ///   - queue: Who asked for an answer, if anybody did.
    /// - Returns: The messages.
    func messages(
        data: [UInt8],
        routingKey: String,
        correlationID: String?,
        replyTo queue: String?
    ) -> [OutboundMessage] {
        let published = OutboundMessage(
            exchange: .events,
            routingKey: routingKey,
            properties: MessageProperties(
                contentType: Self.contentType,
                messageID: id.text,
                correlationID: correlationID,
                appID: "sandmill"
            ),
            body: body(data)
        )
        guard let queue, !queue.isEmpty else { return [published] }
        var copy = published
        copy.exchange = .queue
        copy.routingKey = queue
        return [published, copy]
    }

    /// The envelope around data that is encoded already, and is its first member.
    private func body(_ data: [UInt8]) -> [UInt8] {
        var body = Array("{\"data\":".utf8)
        body += data
        body.append(UInt8(ascii: ","))
        body += DocumentCoder.encode(self).dropFirst()
        return body
    }

    /// Writes all but the data (CloudEvents 1.0 JSON format, section 3).
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("1.0", forKey: .specversion)
        try container.encode(id.text, forKey: .id)
        try container.encode("/sandmill/\(cluster)", forKey: .source)
        try container.encode(type, forKey: .type)
        try container.encodeIfPresent(subject, forKey: .subject)
        try container.encode(time, forKey: .time)
        try container.encode("application/json", forKey: .datacontenttype)
        try container.encodeIfPresent(traceparent, forKey: .traceparent)
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
    }
}
