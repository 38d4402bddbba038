internal import FoundationEssentials
internal import SandmillEntity

/// Writes the messages that announce an end.
struct CompletionAnnouncer: Sendable {
    /// What the installation is called in events.
    let cluster: String

    /// The completion event, and its copy for the queue that the request named; both have one id.
    func messages(for document: ResultDocument, of request: RequestMessage) -> [OutboundMessage] {
        let properties = request.properties
        let event = CompletionEvent(
            id: .random(),
            cluster: cluster,
            traceparent: properties.headers["traceparent"],
            data: document
        )
        let published = OutboundMessage(
            exchange: .events,
            routingKey: event.routingKey,
            properties: MessageProperties(
                contentType: "application/cloudevents+json",
                messageID: event.id.text,
                correlationID: properties.correlationID,
                appID: "sandmill"
            ),
            body: DocumentCoder.encode(event)
        )
        guard let replyTo = properties.replyTo, !replyTo.isEmpty else { return [published] }
        var copy = published
        copy.exchange = .queue
        copy.routingKey = replyTo
        return [published, copy]
    }
}
