/// The properties of a message's content header (AMQP 0-9-1, 1.8.3.1); each is optional.
public struct MessageProperties: Hashable, Sendable {
    /// A MIME type.
    public var contentType: String?
    /// A MIME encoding.
    public var contentEncoding: String?
    /// The application's own headers, and those that the broker adds.
    public var headers: FieldTable?
    /// Whether the message survives a restart of the broker, in a durable queue.
    public var isPersistent = false
    /// 0 to 9.
    public var priority: UInt8?
    /// Which request this answers, or what an answer to it shall refer to.
    public var correlationID: String?
    /// The queue that wants the answer.
    public var replyTo: String?
    /// Milliseconds in decimal digits.
    public var expiration: String?
    /// The publisher's own identifier.
    public var messageID: String?
    /// Seconds since 1970-01-01T00:00:00Z.
    public var timestamp: UInt64?
    /// The name of the message's type.
    public var type: String?
    /// The user who publishes; the broker verifies it.
    public var userID: String?
    /// The application that publishes.
    public var appID: String?

    /// No property is set.
    public init() {}

    /// The properties that a durable message commonly has.
    public init(
        contentType: String,
        headers: FieldTable? = nil,
        isPersistent: Bool = true,
        messageID: String? = nil
    ) {
        self.contentType = contentType
        self.headers = headers
        self.isPersistent = isPersistent
        self.messageID = messageID
    }
}
