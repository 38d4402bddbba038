public import FoundationEssentials
internal import SandmillEntity

extension DeadLetterFilter {
    /// What the parameters are called.
    public static let names = [
        "error_type", "reason", "pool", "tenant", "batch", "message", "id", "since",
        "until",
    ]

    /// Reads parameters; ages count from `now`.
    public init(_ parameters: [ListParameter], now: Date = Date()) throws(ListRefusal) {
        let reader = try ListReader(parameters, names: Self.names, now: now)
        let batches = try reader.ids("batch")
        guard batches.count < 2 else { throw ListRefusal("batch", "is there twice") }
        let messages = try reader.ids("message")
        guard messages.count < 2 else { throw ListRefusal("message", "is there twice") }
        var ids: [Int64] = []
        for text in reader.texts("id") {
            guard let id = Int64(text), id > 0, text.first != "+" else {
                throw ListRefusal("id", "is not a number of a dead letter")
            }
            ids.append(id)
        }
        self.init(
            ids: ids.isEmpty ? nil : ids,
            errorTypes: try reader.words("error_type"),
            reason: try reader.text("reason"),
            pools: try reader.names("pool"),
            tenants: try reader.names("tenant"),
            since: try reader.time("since"),
            until: try reader.time("until"),
            batch: batches.first,
            message: messages.first
        )
    }

    /// The same as parameters; ages have become times.
    public func parameters(now: Date = Date()) -> [ListParameter] {
        var parameters = (ids ?? []).map { ListParameter("id", String($0)) }
        parameters += errorTypes.map { ListParameter("error_type", $0) }
        if let reason { parameters.append(ListParameter("reason", reason)) }
        parameters += pools.map { ListParameter("pool", $0) }
        parameters += tenants.map { ListParameter("tenant", $0) }
        if let batch { parameters.append(ListParameter("batch", batch.text)) }
        if let message { parameters.append(ListParameter("message", message.text)) }
        let times = [since, newerThan.map { now - $0 / .seconds(1) }].compactMap { $0 }
        if let since = times.max() {
            parameters.append(ListParameter("since", DocumentCoder.text(since)))
        }
        let ends = [until, olderThan.map { now - $0 / .seconds(1) }].compactMap { $0 }
        if let until = ends.min() {
            parameters.append(ListParameter("until", DocumentCoder.text(until)))
        }
        return parameters
    }

    /// The same, of a tenant's dead letters only; nil where it means none of these.
    public func limited(to tenant: String?) -> DeadLetterFilter? {
        guard let tenant else { return self }
        guard tenants.isEmpty || tenants.contains(tenant) else { return nil }
        var filter = self
        filter.tenants = [tenant]
        return filter
    }
}

extension DeadLetterSummary {
    /// The fields of ``json``, in the order in which a table has them.
    public static let fields = [
        "id", "kept_at", "error_type", "reason", "queue", "routing_key", "tenant", "message_id",
        "body_bytes", "body_is_complete",
    ]

    /// The dead letter as a document for programs.
    public var json: JSONValue {
        .object([
            "id": .integer(id),
            "kept_at": .string(DocumentCoder.text(keptAt)),
            "error_type": .string(errorType),
            "reason": .string(reason),
            "queue": .string(queue),
            "routing_key": .optional(routingKey),
            "tenant": .string(tenant),
            "message_id": .optional(messageID),
            "body_bytes": .integer(bodySize.bytes),
            "body_is_complete": .bool(isComplete),
        ])
    }
}

extension StoredDeadLetter {
    /// The dead letter as a document for programs.
    public var json: JSONValue {
        let properties = letter.properties
        let text = String(validating: letter.body, as: UTF8.self)
        let body: (String, String) =
            text.map { ("body", $0) }
            ?? ("body_base64", Data(letter.body).base64EncodedString())
        return .object([
            "id": .integer(id),
            "kept_at": .string(DocumentCoder.text(keptAt)),
            "error_type": .string(letter.errorType),
            "reason": .string(letter.reason),
            "errors": .array(letter.faults.map(\.json)),
            "queue": .string(letter.queue),
            "routing_key": .optional(letter.routingKey),
            "deliveries": letter.deliveries.map { .integer(Int64($0)) } ?? .null,
            "properties": .object([
                "content_type": .optional(properties.contentType),
                "content_encoding": .optional(properties.contentEncoding),
                "message_id": .optional(properties.messageID),
                "correlation_id": .optional(properties.correlationID),
                "reply_to": .optional(properties.replyTo),
                "timestamp": .optional(properties.timestamp.map(DocumentCoder.text)),
                "app_id": .optional(properties.appID),
                "user_id": .optional(properties.userID.flatMap { $0.isEmpty ? nil : $0 }),
                "headers": .object(properties.headers.mapValues { .string($0) }),
            ]),
            "body_bytes": .integer(letter.bodySize.bytes),
            "body_is_complete": .bool(letter.isComplete),
            "body_sha256": .optional(letter.sha256),
            body.0: .string(body.1),
        ])
    }
}

extension RequestRefusal.Fault {
    /// The fault as a document for programs.
    public var json: JSONValue {
        .object(["pointer": .optional(pointer), "message": .string(message)])
    }
}
