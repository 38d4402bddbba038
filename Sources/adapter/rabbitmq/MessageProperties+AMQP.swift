internal import AMQP
internal import FoundationEssentials
internal import SandmillService

extension SandmillService.MessageProperties {
    /// Reads properties as they were delivered; headers that are no text, number or truth value
    /// are left out.
    ///
    /// A `tenant` that is no text is that of nobody, whom every decoder refuses.
    init(_ properties: AMQP.MessageProperties) {
        var headers = (properties.headers ?? [:]).compactMapValues(\.text)
        if let tenant = properties.headers?["tenant"], !tenant.isText { headers["tenant"] = "" }
        self.init(
            contentType: properties.contentType,
            contentEncoding: properties.contentEncoding,
            messageID: properties.messageID,
            correlationID: properties.correlationID,
            replyTo: properties.replyTo,
            timestamp: properties.timestamp.map {
                Date(timeIntervalSince1970: TimeInterval($0))
            },
            appID: properties.appID,
            userID: properties.userID ?? "",
            headers: headers
        )
    }
}

extension Broker {
    /// Who published a message first, where it is published again by a user of ours: the broker does not
    /// let us put another name into `user_id`.
    private static let publisherHeader = "sandmill-publisher"

    /// The properties of a delivery, with whoever published it first as its user.
    func properties(of delivery: AMQP.Delivery) -> SandmillService.MessageProperties {
        var properties = SandmillService.MessageProperties(delivery.properties)
        if let user = properties.userID, publishers.maySpeakForOthers(user),
            let publisher = properties.headers.removeValue(forKey: Self.publisherHeader)
        {
            properties.userID = publisher
        }
        return properties
    }

    /// The message that is published; a request says who publishes it.
    func translate(_ message: OutboundMessage) -> Message {
        var properties = AMQP.MessageProperties(message.properties)
        if message.exchange == .submit {
            properties.userID = user
            if let publisher = message.properties.userID {
                properties.headers = properties.headers ?? [:]
                properties.headers?[Self.publisherHeader] = .string(publisher)
            }
        }
        return Message(
            exchange: topology.name(of: message.exchange),
            routingKey: message.routingKey,
            properties: properties,
            body: message.body,
            isMandatory: message.isMandatory
        )
    }
}

extension AMQP.MessageProperties {
    /// The properties of a persistent message, with the headers that have a meaning: what is sent may
    /// be a dead letter, or a request that an earlier version took in.
    init(_ original: SandmillService.MessageProperties) {
        let properties = original.withMeaningfulHeaders
        self.init()
        contentType = properties.contentType
        contentEncoding = properties.contentEncoding
        isPersistent = true
        messageID = properties.messageID
        correlationID = properties.correlationID
        replyTo = properties.replyTo
        timestamp = properties.timestamp.flatMap {
            UInt64(exactly: $0.timeIntervalSince1970.rounded(.down))
        }
        appID = properties.appID
        if !properties.headers.isEmpty {
            headers = properties.headers.mapValues { .string($0) }
        }
    }
}

extension FieldValue {
    fileprivate var isText: Bool {
        if case .string = self { true } else { false }
    }

    fileprivate var text: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .bool(let value): String(value)
        default: nil
        }
    }
}
