internal import FoundationEssentials
internal import SandmillEntity

/// Writes the messages that announce an end.
struct CompletionEventFactory: Sendable {
    /// What the installation is called in events.
    let cluster: String

    /// The completion event around the document as it is encoded, and its copy for the queue that the
    /// request named.
    func messages(
        for document: ResultDocument,
        encodedAs data: [UInt8],
        of properties: MessageProperties
    ) -> [OutboundMessage] {
        let event = CloudEvent(
            type: "dev.sandmill.execution.finished.v1",
            cluster: cluster,
            subject: document.id.text,
            time: document.finishedAt,
            of: properties
        )
        return event.messages(
            data: data,
            routingKey: EventTopic.execution(
                document.state.rawValue,
                pool: document.pool,
                tenant: document.tenant
            ),
            correlationID: properties.correlationID,
            replyTo: properties.replyTo
        )
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
        let encoded = DocumentCoder.encode(document)
        return FinishedExecution(
            worker: worker,
            wasQueued: wasQueued,
            attempt: record.attempt,
            document: document,
            encodedDocument: encoded,
            sandbox: nil,
            events: messages(for: document, encodedAs: encoded, of: execution.properties)
        )
    }
}
