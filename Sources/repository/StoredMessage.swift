internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillService

/// A message as the outbox keeps it, beside its body.
///
/// It is a `json` column and not `jsonb`, which cannot hold a U+0000 that a client put into a
/// header, for example.
struct StoredMessage: Codable {
    var exchange: String
    var routingKey: String
    var properties: StoredProperties
    var isMandatory: Bool

    init(_ message: OutboundMessage) {
        exchange = message.exchange.rawValue
        routingKey = message.routingKey
        properties = StoredProperties(message.properties)
        isMandatory = message.isMandatory
    }

    /// SQL for the message that publishes the request of `row`, a row of `executions`, again.
    static func ofRequest(in row: String) -> String {
        """
        json_build_object(
            'exchange', 'submit', 'routing_key', \(row).pool || '.' || \(row).level,
            'properties', \(row).request_properties, 'is_mandatory', false)
        """
    }

    private enum CodingKeys: String, CodingKey {
        case exchange
        case routingKey = "routing_key"
        case properties
        case isMandatory = "is_mandatory"
    }
}

/// A message's properties as JSON.
struct StoredProperties: Codable {
    var contentType: String?
    var contentEncoding: String?
    var messageID: String?
    var correlationID: String?
    var replyTo: String?
    var timestamp: Double?
    var appID: String?
    var userID: String?
    var headers: [String: String]

    init(_ properties: MessageProperties) {
        contentType = properties.contentType
        contentEncoding = properties.contentEncoding
        messageID = properties.messageID
        correlationID = properties.correlationID
        replyTo = properties.replyTo
        timestamp = properties.timestamp?.timeIntervalSince1970
        appID = properties.appID
        userID = properties.userID
        headers = properties.headers
    }

    var properties: MessageProperties {
        MessageProperties(
            contentType: contentType,
            contentEncoding: contentEncoding,
            messageID: messageID,
            correlationID: correlationID,
            replyTo: replyTo,
            timestamp: timestamp.map(Date.init(timeIntervalSince1970:)),
            appID: appID,
            userID: userID,
            headers: headers
        )
    }

    private enum CodingKeys: String, CodingKey {
        case contentType = "content_type"
        case contentEncoding = "content_encoding"
        case messageID = "message_id"
        case correlationID = "correlation_id"
        case replyTo = "reply_to"
        case timestamp
        case appID = "app_id"
        case userID = "user_id"
        case headers
    }
}

extension OutboxMessage {
    /// Reads the columns `id`, `message` and `body`; nil for an exchange that only a later
    /// version knows, which publishes it.
    init?(_ row: Row) throws {
        let stored = try StoredJSON.decode(StoredMessage.self, from: try row["message"])
        guard let exchange = OutboundMessage.Exchange(rawValue: stored.exchange) else { return nil }
        let body: Data = try row["body"]
        self.init(
            id: try row["id"],
            message: OutboundMessage(
                exchange: exchange,
                routingKey: stored.routingKey,
                properties: stored.properties.properties,
                body: Array(body),
                isMandatory: stored.isMandatory
            )
        )
    }
}
