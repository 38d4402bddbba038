public import FoundationEssentials
public import SandmillEntity
public import SandmillService

/// Publishes requests, as any client of the broker could.
public struct Submitter: Sendable {
    /// One request to publish.
    public struct Entry: Equatable, Sendable {
        /// The execution's id.
        public var id: UUID
        /// The pool to run it.
        public var pool: String
        /// Its level.
        public var level: Level
        /// Whose it is.
        public var tenant: String
        /// The queue that wants the completion event too.
        public var replyTo: String?
        /// The body, see ``RequestDraft``.
        public var body: [UInt8]

        /// Describes a request.
        public init(
            id: UUID,
            pool: String,
            level: Level,
            tenant: String,
            replyTo: String? = nil,
            body: [UInt8]
        ) {
            self.id = id
            self.pool = pool
            self.level = level
            self.tenant = tenant
            self.replyTo = replyTo
            self.body = body
        }
    }

    private let publisher: any MessagePublisher

    /// Publishes by `publisher`.
    public init(publisher: any MessagePublisher) {
        self.publisher = publisher
    }

    /// Publishes requests, in windows, and returns once each is confirmed, or known not to be.
    public func submit(_ entries: [Entry]) async -> [PublishOutcome] {
        await publisher.publish(
            entries.map { entry in
                OutboundMessage(
                    exchange: .submit,
                    routingKey: RoutingKey(entry.pool, entry.level).text,
                    properties: entry.message.properties,
                    body: entry.message.body,
                    isMandatory: true
                )
            }
        )
    }

    /// Publishes a batch that is one message, and returns once it is confirmed, or known not to be.
    public func submit(_ batch: BatchMessage) async -> PublishOutcome {
        await publisher.publish([
            OutboundMessage(
                exchange: .submit,
                routingKey: RoutingKey.batch,
                properties: batch.message.properties,
                body: batch.message.body,
                isMandatory: true
            )
        ])[0]
    }
}

extension Submitter.Entry {
    /// The message that asks for it.
    public var message: RequestMessage {
        RequestMessage(
            properties: MessageProperties(
                contentType: "application/json",
                messageID: id.text,
                replyTo: replyTo,
                appID: "sandmill-cli",
                headers: ["tenant": tenant]
            ),
            body: body
        )
    }
}
