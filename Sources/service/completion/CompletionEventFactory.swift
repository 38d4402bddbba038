internal import FoundationEssentials
internal import SandmillEntity

/// Writes the messages that announce an end.
struct CompletionEventFactory: Sendable {
    /// What the installation is called in events.
    let cluster: String

    /// The completion event, and its copy for the queue that the request named; both have one id.
    func messages(
        for document: ResultDocument,
        of properties: MessageProperties
    ) -> [OutboundMessage] {
        let event = CompletionEvent(
            id: .random(),
            cluster: cluster,
            // A record of an earlier version may hold any.
            traceparent: properties.withMeaningfulHeaders.headers["traceparent"],
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

    /// The end of an execution that does not run, written by `worker`.
    func end(
        _ execution: UnstartedExecution,
        wasQueued: Bool,
        by worker: String
    ) -> FinishedExecution {
        let record = execution.record
        let document = ResultDocument(
            id: record.id,
            tenant: record.tenant,
            pool: record.pool,
            level: record.level,
            runtime: execution.runtime,
            batchID: record.batchID,
            rerunOf: record.rerunOf,
            labels: execution.labels,
            outcome: execution.outcome,
            attempt: record.attempt,
            submittedAt: record.submittedAt,
            startedAt: wasQueued ? record.startedAt : nil,
            finishedAt: execution.endedAt,
            worker: wasQueued ? nil : worker
        )
        return FinishedExecution(
            worker: worker,
            wasQueued: wasQueued,
            attempt: record.attempt,
            document: document,
            encodedDocument: DocumentCoder.encode(document),
            sandbox: nil,
            events: messages(for: document, of: execution.properties)
        )
    }
}
