internal import FoundationEssentials
internal import SandmillEntity

/// Says of a dead letter before it is requeued whether it would only be refused again.
public struct RequeueCheck: Sendable {
    /// What is said of a routing key that leads to no queue that is known here.
    public static let unknownQueue = "the routing key is not one of a queue"

    private let decoders: [String: SubmissionDecoder]

    /// Checks as the workers of the pools do.
    ///
    /// - Parameter decoders: What reads the requests of each pool, by its name.
    public init(decoders: [String: SubmissionDecoder]) {
        self.decoders = decoders
    }

    /// Checks a dead letter that is mended; one that is to come again as it was is let through, for a worker with
    /// other pools may take it.
    ///
    /// - Throws: ``RequestRefusal``, as it would be refused.
    public func callAsFunction(
        _ letter: DeadLetter,
        as revision: Revision
    ) throws(RequestRefusal) {
        if let key = revision.routingKey, key != RoutingKey.batch, address(key) == nil {
            throw RequestRefusal(.invalidRequest, at: "", Self.unknownQueue)
        }
        guard revision.body != nil || revision.routingKey != nil || revision.messageID != nil,
            letter.exchange == .submit, let key = revision.routingKey ?? letter.routingKey,
            letter.isComplete || revision.body != nil
        else { return }
        var properties = letter.properties
        if let id = revision.identified(for: letter).messageID { properties.messageID = id.text }
        if revision.body != nil { properties.contentEncoding = nil }
        let body = try properties.decode(
            revision.body ?? letter.body,
            limit: ByteCount(BatchLimits.bytes)
        )
        let request = RequestMessage(properties: properties, body: body)
        if key == RoutingKey.batch {
            _ = try BatchDecoder(decoders: decoders).decode(request, from: key, worker: "requeue")
        } else if let (decoder, level) = address(key) {
            _ = try decoder.decode(request, level: level)
        }
    }

    private func address(_ routingKey: String) -> (decoder: SubmissionDecoder, level: Level)? {
        RoutingKey(routingKey).flatMap { key in decoders[key.pool].map { ($0, key.level) } }
    }
}
