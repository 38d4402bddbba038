public import FoundationEssentials
internal import SandmillEntity

/// Who was refused, and why: the data of the event that announces it.
private struct Refusal: Encodable {
    /// The message's id: a UUID in lower case, or whatever else was given.
    let id: String?
    let tenant: String?
    let pool: String?
    let batchID: UUID?
    let errorType: String
    let faults: [RequestRefusal.Fault]
    /// The dead letter's number.
    let number: Int64

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(tenant, forKey: .tenant)
        try container.encode(pool, forKey: .pool)
        try container.encode(batchID?.text, forKey: .batchID)
        try container.encode(errorType, forKey: .errorType)
        try container.encode(faults, forKey: .faults)
        try container.encode(number, forKey: .number)
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case tenant
        case pool
        case batchID = "batch_id"
        case errorType = "error_type"
        case faults = "errors"
        case number = "dead_letter"
    }
}

extension DeadLetter {
    /// The messages that announce the refusal: the event, and its copy for the queue that asked for answers.
    ///
    /// Only a request is announced. What else becomes a dead letter is a message of ours, or has no properties
    /// that anybody could read, and an event about an event that nobody takes would never end.
    ///
    /// - Parameters:
    ///   - number: The dead letter's.
    ///   - time: When it was kept.
    ///   - cluster: What the installation is called in events.
    /// - Returns: The messages, both with one id.
    public func announcement(number: Int64, at time: Date, cluster: String) -> [OutboundMessage] {
        guard exchange == .submit, properties != MessageProperties(),
            properties.contentType != CloudEvent.contentType
        else { return [] }
        let refusal = Refusal(
            id: requestID,
            tenant: tenant,
            pool: pool,
            batchID: batchID ?? batchOfBody,
            errorType: errorType,
            faults: faults,
            number: number
        )
        let event = CloudEvent(
            type: "dev.sandmill.request.refused.v1",
            cluster: cluster,
            subject: requestID,
            time: time,
            of: properties
        )
        return event.messages(
            data: DocumentCoder.encode(refusal),
            routingKey: EventTopic.refusedRequest(pool: pool, tenant: tenant),
            correlationID: properties.correlationID,
            replyTo: replyQueue
        )
    }

    private var requestID: String? {
        guard let text = properties.messageID, !text.isEmpty else { return nil }
        return UUID(text: text)?.text ?? text
    }

    /// The pool that its routing key names, or that the batch does.
    private var pool: String? {
        guard routingKey == RoutingKey.batch else {
            return routingKey.flatMap { RoutingKey($0) }?.pool
        }
        let name =
            isReadable ? try? JSONDecoder().decode(BatchHead.self, from: Data(body)).pool : nil
        return name.flatMap { Name.isValid($0) ? $0 : nil }
    }

    private var batchOfBody: UUID? {
        if routingKey == RoutingKey.batch { return properties.messageID.flatMap(UUID.init(text:)) }
        guard isReadable else { return nil }
        let member = try? JSONDecoder().decode(Member.self, from: Data(body))
        return member.flatMap { UUID(text: $0.batch.id) }
    }

    /// Whether the parser may have the body.
    private var isReadable: Bool {
        let bounds = JSONBounds(
            body,
            depth: JSONBounds.batchDepth,
            values: JSONBounds.batchValues
        )
        return isComplete && (try? bounds.check(body)) != nil
    }

    private struct BatchHead: Decodable {
        let pool: String?
    }

    private struct Member: Decodable {
        struct Batch: Decodable {
            let id: String
        }

        let batch: Batch
    }
}
