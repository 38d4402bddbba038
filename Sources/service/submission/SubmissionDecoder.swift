internal import FoundationEssentials
public import SandmillEntity

/// Reads a request's message, or says what is wrong with it.
///
/// It is the one place that decides what a request may be; requests of AMQP and HTTP go through it.
public struct SubmissionDecoder: Sendable {
    /// What a pool lets its requests ask for.
    public struct Pool: Sendable {
        /// Its name.
        public var name: String
        /// What its requests may ask for, first what they get by default.
        public var runtimes: [Runtime]
        /// What limits they get.
        public var limits: LimitPolicy
        /// The least isolation they get.
        public var isolation: Isolation

        /// Describes a pool.
        public init(
            name: String,
            runtimes: [Runtime],
            limits: LimitPolicy,
            isolation: Isolation = .tenant
        ) {
            precondition(!runtimes.isEmpty, "a pool runs something")
            self.name = name
            self.runtimes = runtimes
            self.limits = limits
            self.isolation = isolation
        }
    }

    let pool: Pool

    /// Reads requests for one pool.
    public init(pool: Pool) {
        self.pool = pool
    }

    /// Reads a request.
    ///
    /// - Throws: ``RequestRefusal`` with all that is wrong with it.
    public func decode(
        _ request: RequestMessage,
        level: Level
    ) throws(RequestRefusal) -> Submission {
        do {
            return try read(request, level: level)
        } catch {
            throw RequestFaults.all(after: error, of: request) { request throws(RequestRefusal) in
                _ = try read(request, level: level)
            }
        }
    }

    /// Reads a request up to the first fault.
    private func read(
        _ request: RequestMessage,
        level: Level
    ) throws(RequestRefusal) -> Submission {
        guard let id = request.properties.messageID.flatMap(UUID.init(text:)) else {
            throw RequestRefusal(.invalidRequest, "the property message_id is not a UUID")
        }
        try Self.checkProperties(request.properties)
        let body = try Self.parse(request.body)
        let batch = try body.batch.map(Self.membership)
        let program = try program(body)
        return Submission(
            id: id,
            tenant: try Self.tenant(request.properties),
            pool: pool.name,
            level: level,
            program: program,
            tests: try body.cases.map { cases throws(RequestRefusal) in
                try Self.plan(cases, of: program, stopsOnFirstFailure: body.stopsOnFirstFailure)
            },
            isolation: try isolation(named: body.isolation),
            batch: batch,
            notBefore: body.notBefore,
            deadline: body.deadline,
            labels: try Self.checkLabels(body.labels),
            retry: try body.retry.map(Self.retry),
            supersedes: try Self.superseded(body.supersedes, by: id),
            rerunOf: request.properties.headers[Reruns.header].flatMap(UUID.init(text:))
        )
    }

    private static func parse(_ body: [UInt8]) throws(RequestRefusal) -> RequestBody {
        let bounds = JSONBounds(body)
        try bounds.check(body)
        let fields = FieldCount()
        let request: RequestBody
        do {
            let decoder = JSONDecoder()
            decoder.userInfo[FieldCount.key] = fields
            request = try decoder.decode(RequestBody.self, from: Data(body))
        } catch let error as DecodingError {
            // The decoder looks at a value no sooner than it needs it.
            guard JSONSyntax.fault(in: body) == nil else { throw RequestRefusal.notJSON(body) }
            throw RequestRefusal(error)
        } catch {
            throw RequestRefusal.notJSON(body)
        }
        fields.add(request.environment.count + request.labels.count)
        // Which of the two is meant would be for each reader to guess.
        guard fields.count == bounds.fields else {
            throw RequestRefusal(.invalidRequest, at: "", "an object has a field twice")
        }
        return request
    }

    static func checkProperties(_ properties: MessageProperties) throws(RequestRefusal) {
        // What cannot be published again could be neither tried again nor answered.
        let shortStrings = [
            ("app_id", properties.appID), ("correlation_id", properties.correlationID),
            ("reply_to", properties.replyTo),
        ]
        for (name, text) in shortStrings where (text ?? "").utf8.count > 255 {
            throw RequestRefusal(.invalidRequest, "the property \(name) is above 255 bytes")
        }
        try checkContentType(properties.contentType)
    }

    static func checkContentType(_ type: String?) throws(RequestRefusal) {
        let essence = type?.split(separator: ";").first.map { $0.trimming(while: { $0 == " " }) }
        guard let essence, essence.lowercased() != "application/json" else { return }
        throw RequestRefusal(.invalidRequest, "the content type is not application/json")
    }

    static func tenant(
        _ properties: MessageProperties
    ) throws(RequestRefusal) -> String {
        let tenant = properties.headers["tenant"] ?? "default"
        guard Name.isValid(tenant) else {
            throw RequestRefusal(
                .invalidRequest,
                "the header tenant is not \(Name.rule)"
            )
        }
        return tenant
    }

    private func isolation(named name: String?) throws(RequestRefusal) -> Isolation {
        guard let name else { return pool.isolation }
        guard let isolation = Isolation(rawValue: name) else {
            throw RequestRefusal(.invalidRequest, at: "/isolation", "not tenant or fresh")
        }
        guard isolation == .fresh || pool.isolation == .tenant else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/isolation",
                "this pool gives every execution a fresh sandbox"
            )
        }
        return isolation
    }

    private static func membership(
        _ batch: RequestBody.Batch
    ) throws(RequestRefusal) -> Submission.Membership {
        guard let id = UUID(text: batch.id) else {
            throw RequestRefusal(.invalidRequest, at: "/batch/id", "not a UUID")
        }
        return try membership(id, size: batch.size)
    }

    static func membership(
        _ id: UUID,
        size: Int64?
    ) throws(RequestRefusal) -> Submission.Membership {
        guard let size, (1...1_000_000).contains(size) else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/batch/size",
                "not between 1 and 1000000"
            )
        }
        return Submission.Membership(id: id, size: Int(size))
    }

    private static func checkLabels(
        _ labels: [String: String]
    ) throws(RequestRefusal) -> [String: String] {
        guard labels.count <= 64 else {
            throw RequestRefusal(.invalidRequest, at: "/labels", "more than 64")
        }
        for (name, value) in labels {
            guard name.utf8.count <= 128, value.utf8.count <= 1_024 else {
                throw RequestRefusal(
                    .invalidRequest,
                    at: "/labels",
                    "a name above 128 bytes or a value above 1024 bytes"
                )
            }
            guard !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw RequestRefusal(.invalidRequest, at: "/labels", "has a U+0000")
            }
        }
        return labels
    }
}

extension Substring {
    fileprivate func trimming(while predicate: (Character) -> Bool) -> String {
        String(drop(while: predicate).reversed().drop(while: predicate).reversed())
    }
}
