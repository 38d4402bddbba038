public import FoundationEssentials
public import SandmillEntity

/// A message that was refused.
public struct DeadLetter: Equatable, Sendable {
    /// Why, as a word that programs can compare, such as `invalid_request` or `id_conflict`.
    public var errorType: String
    /// Why, for a person; names the field by its JSON pointer.
    public var reason: String
    /// Everything that is wrong with it, first what the reason tells.
    public var faults: [RequestRefusal.Fault]
    /// The queue it came from.
    public var queue: String
    /// Where it goes when it is requeued.
    public var exchange: OutboundMessage.Exchange
    /// What leads it to that queue, or what no queue took; nil where nobody knows.
    public var routingKey: String?
    /// How often the queue delivered it to a worker; nil where nobody knows.
    public var deliveries: Int?
    /// Its properties.
    public var properties: MessageProperties
    /// Its body, or the beginning of it.
    public var body: [UInt8]
    /// How long its body is.
    public var bodySize: ByteCount
    /// The SHA-256 of its whole body, in hexadecimal.
    ///
    /// Nil before it is kept, when the store reckons it from the body, and nil of a beginning that
    /// was kept by a version that did not.
    public var sha256: String?
    /// Whose it is; nil where that is no name, or where whoever published it may not speak for it.
    ///
    /// It and what follows is for the announcement, and not kept.
    public var tenant: String?
    /// The batch that it is, or is a member of, where its body does not tell.
    public var batchID: UUID?
    /// Its place among the members of its batch, from 0, where it came with that.
    public var memberIndex: Int?
    /// The queue that hears of the refusal, which may be answered to; nil for none.
    public var replyQueue: String?

    /// Describes a refusal; without `faults` the reason is all that is wrong.
    ///
    /// A U+0000 in its texts becomes `?`: no text of Postgres can hold one, and it may not grow.
    public init(
        errorType: String,
        reason: String,
        faults: [RequestRefusal.Fault] = [],
        queue: String,
        exchange: OutboundMessage.Exchange = .submit,
        routingKey: String?,
        deliveries: Int?,
        properties: MessageProperties,
        body: Delivery.Body
    ) {
        self.errorType = errorType
        self.reason = reason.withoutNUL
        self.faults =
            faults.isEmpty ? [RequestRefusal.Fault(self.reason)] : faults.map(\.withoutNUL)
        self.queue = queue.withoutNUL
        self.exchange = exchange
        self.routingKey = routingKey?.withoutNUL
        self.deliveries = deliveries
        self.properties = properties.withoutNUL
        if errorType != RequestRefusal.Kind.forbiddenTenant.rawValue {
            tenant = try? SubmissionDecoder.tenant(properties)
        }
        switch body {
        case .complete(let bytes):
            self.body = bytes
            bodySize = ByteCount(bytes.count)
        case .oversized(let prefix, let size, let sha256):
            self.body = prefix
            bodySize = size
            self.sha256 = sha256
        }
    }

    /// Whether the body is all of it.
    public var isComplete: Bool { bodySize == ByteCount(body.count) }
}

extension DeadLetter {
    /// The dead letter of a message of the outbox that can never be published.
    public init(unpublishable message: OutboundMessage, reason: String) {
        self.init(
            errorType: "unpublishable",
            reason: reason,
            queue: "outbox",
            exchange: message.exchange,
            routingKey: message.routingKey,
            deliveries: 0,
            properties: message.properties,
            body: .complete(message.body)
        )
    }
}

// MARK: - What Postgres cannot hold

extension MessageProperties {
    fileprivate var withoutNUL: MessageProperties {
        MessageProperties(
            contentType: contentType?.withoutNUL,
            contentEncoding: contentEncoding?.withoutNUL,
            messageID: messageID?.withoutNUL,
            correlationID: correlationID?.withoutNUL,
            replyTo: replyTo?.withoutNUL,
            timestamp: timestamp,
            appID: appID?.withoutNUL,
            userID: userID?.withoutNUL,
            headers: Dictionary(
                headers.map { ($0.key.withoutNUL, $0.value.withoutNUL) },
                uniquingKeysWith: { first, _ in first }
            )
        )
    }
}

extension RequestRefusal.Fault {
    fileprivate var withoutNUL: Self { Self(at: pointer?.withoutNUL, message.withoutNUL) }
}

extension String {
    fileprivate var withoutNUL: String { replacing("\0", with: "?") }
}
