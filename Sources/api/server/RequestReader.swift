internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// Reads what a request says, or says what is wrong with it.
struct RequestReader: Sendable {
    /// A body that was read.
    struct Body: Sendable {
        /// Its content type.
        let type: String
        var bytes: [UInt8]
        /// What it takes of all bodies' memory.
        let share: FairLimit.Share
    }

    /// How many bodies of the greatest length there may be at once, at least.
    private static let bodyCount: Int64 = 12

    private let settings: GatewaySettings
    private let bodies: FairLimit

    init(settings: GatewaySettings) {
        self.settings = settings
        bodies = FairLimit(
            Int(settings.limits.body.bytes * Self.bodyCount),
            of: "bytes in the bodies of requests"
        )
    }

    /// The pool and the level that a request names, or those that one gets that does not.
    func lane(of request: Request) throws(Problem) -> (pool: String, level: Level) {
        let pool = try request.parameter("pool") ?? settings.pools[0]
        guard settings.pools.contains(pool) else {
            throw Problem(
                .invalidRequest,
                "the parameter pool is none of \(settings.pools.joined(separator: ", "))"
            )
        }
        let level = try request.parameter("level") ?? Level.normal.rawValue
        guard let level = Level(rawValue: level) else {
            throw Problem(.invalidRequest, "the parameter level is not high, normal or low")
        }
        return (pool, level)
    }

    /// How long a request wants to wait, at most as long as is allowed.
    func wait(of request: Request) throws(Problem) -> Duration {
        let limits = settings.limits
        guard let text = try request.parameter("wait") else { return limits.wait }
        let maximum = limits.maximumWait / .seconds(1)
        guard text.wholeMatch(of: /[0-9]+(\.[0-9]+)?/) != nil, let seconds = Double(text),
            seconds <= maximum
        else {
            throw Problem(
                .invalidRequest,
                "the parameter wait is not a number of seconds from 0 to \(maximum)"
            )
        }
        return .seconds(seconds)
    }

    /// The id that a request gives what it submits, or a new one.
    func id(of request: Request) throws(Problem) -> UUID {
        let fields = request.headers[values: .idempotencyKey]
        guard let text = fields.first else { return .random() }
        guard fields.count == 1, let id = UUID(text: text) else {
            throw Problem(.invalidRequest, "the header Idempotency-Key is not one UUID")
        }
        return id
    }

    /// Reads the body, which has to be of one of `types`.
    ///
    /// A browser asks before it sends one of these for a page from elsewhere, but not one of no type.
    /// What all bodies hold is shared between callers: one that is still coming in may be given up in
    /// favour of another caller's.
    func body(of request: Request, types: [String], for caller: Caller) async throws -> Body {
        let field = request.headers[.contentType] ?? ""
        let type = String(field.prefix { $0 != ";" }).trimmed.lowercased()
        guard types.contains(type) else {
            throw Problem(
                .unsupportedMediaType,
                "the content type is not \(types.joined(separator: " or "))",
                headers: [.accept: types.joined(separator: ", ")]
            )
        }
        let limit = Int(settings.limits.body.bytes)
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard length <= limit else {
            throw Problem(.tooLarge, "the body is above \(limit) bytes")
        }
        let share = bodies.share(of: caller.key)
        var bytes = try await cancelled(by: [share.revocation]) {
            try await Self.bytes(of: request, expected: length, limit: limit, share)
        }
        if let encoding = request.headers[.contentEncoding] {
            let size = bytes.count
            var properties = MessageProperties(contentEncoding: encoding)
            bytes = try properties.decode(bytes, limit: settings.limits.body)
            try share.take(max(bytes.count - size, 0))
        }
        share.keep()
        return Body(type: type, bytes: bytes, share: share)
    }

    /// Reads what comes, for as long as `share` is not revoked.
    private static func bytes(
        of request: Request,
        expected: Int,
        limit: Int,
        _ share: FairLimit.Share
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(expected, 64 << 10))
        do {
            for try await piece in request.body {
                guard bytes.count + piece.readableBytes <= limit else {
                    throw Problem(.tooLarge, "the body is above \(limit) bytes")
                }
                try share.take(piece.readableBytes)
                bytes += Array(buffer: piece)
            }
        } catch is CancellationError {
            // Says that it was revoked, if it was.
            try share.take(0)
            throw CancellationError()
        }
        try share.take(0)
        return bytes
    }

    /// The properties of a request as a message of its own.
    func properties(
        of request: Request,
        id: UUID,
        caller: Caller
    ) -> MessageProperties {
        var headers = ["tenant": caller.tenant]
        for name in ["traceparent", "tracestate"] {
            if let field = HTTPField.Name(name), let value = request.headers[field] {
                headers[name] = value
            }
        }
        return MessageProperties(
            contentType: "application/json",
            messageID: id.text,
            appID: "sandmill-gateway",
            headers: headers
        )
    }
}

extension Request {
    /// A parameter of the query; nil where there is none.
    func parameter(_ name: String) throws(Problem) -> String? {
        let values = queryParameters.filter { $0.name == name }.map(\.value)
        guard let value = values.first else { return nil }
        guard values.count == 1 else {
            throw Problem(.invalidRequest, "the parameter \(name) is there twice")
        }
        return value
    }
}

extension GatewayContext {
    /// The id in the path; nil for what is no UUID, which nothing has.
    var id: UUID? { parameters.get("id").flatMap(UUID.init(text:)) }

    /// The id in the path, of what the list `/executions` or `/batches` has.
    ///
    /// - Throws: ``Problem`` for what is no whole id, with the list that finds what it may mean: a path never
    ///   guesses.
    func id(of what: String, in list: String) throws(Problem) -> UUID {
        if let id { return id }
        let prefix = parameters.get("id").flatMap { IDPrefix($0) }
        throw Problem(
            .notFound,
            "there is no such \(what): a path takes a whole id, and GET /\(list)?id=\(prefix?.text ?? "...") lists "
                + "those whose id begins so"
        )
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
