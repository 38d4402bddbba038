public import FoundationEssentials

/// What a message carries beside its body.
public struct MessageProperties: Equatable, Sendable {
    /// What the body is.
    public var contentType: String?
    /// How the body is encoded; nil for not at all.
    public var contentEncoding: String?
    /// The message's id; of a request, the execution's.
    public var messageID: String?
    /// Echoed to the publisher.
    public var correlationID: String?
    /// The queue that wants the completion event too.
    public var replyTo: String?
    /// When the publisher says it was made, in whole seconds.
    public var timestamp: Date?
    /// The publishing application.
    public var appID: String?
    /// The user of the broker who published it, which the broker has verified; empty where it came by the
    /// broker and does not say, nil where it is our own.
    public var userID: String?
    /// The headers that are strings, or numbers written as such.
    public var headers: [String: String]

    /// Puts properties together.
    public init(
        contentType: String? = nil,
        contentEncoding: String? = nil,
        messageID: String? = nil,
        correlationID: String? = nil,
        replyTo: String? = nil,
        timestamp: Date? = nil,
        appID: String? = nil,
        userID: String? = nil,
        headers: [String: String] = [:]
    ) {
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.messageID = messageID
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.timestamp = timestamp
        self.appID = appID
        self.userID = userID
        self.headers = headers
    }
}
