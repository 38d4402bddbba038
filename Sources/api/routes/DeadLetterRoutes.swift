internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/dead-letters`: the messages that were refused, and what becomes of them.
struct DeadLetterRoutes: Sendable {
    let reader: RequestReader
    let letters: any DeadLetterStore
    let admissions: Admissions
    let audit: any AuditLog

    var routes: [Route] {
        [
            Route(.get, "/dead-letters", handler: list),
            Route(.get, "/dead-letters/{n}", parameters: [], handler: show),
            Route(.delete, "/dead-letters/{n}", .whoOperates, parameters: [], handler: purge),
            Route(
                .post,
                "/dead-letters/{n}/requeue",
                .whoOperates,
                parameters: ["to", "trust", "id"],
                handler: requeue
            ),
        ]
    }

    private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        var parameters = request.queryParameters
        let page = try ListPageRequest(takenFrom: &parameters)
        let filter = try DeadLetterFilter(parameters).limited(to: context.caller.scope)
        let found =
            if let filter { try await letters.page(filter, page) } else {
                ListPage<DeadLetterSummary>(items: [])
            }
        return .page(
            found.items.map(\.json),
            called: "dead_letters",
            fields: DeadLetterSummary.fields,
            next: found.next,
            for: request
        )
    }

    private func show(_ request: Request, _ context: GatewayContext) async throws -> Response {
        .json(try await find(context).json)
    }

    private func purge(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let kept = try await find(context)
        guard try await letters.purge([kept.id]).contains(kept.id) else {
            throw Problem.unknown("dead letter")
        }
        try await note("purge", kept, context)
        return Response(status: .noContent)
    }

    /// Publishes a dead letter again, with the body of the request if that has one, which has to be valid.
    private func requeue(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let kept = try await find(context)
        let body =
            request.hasBody
            ? try await reader.body(of: request, types: ["application/json"], for: context.caller)
            : nil
        let revision = Revision(
            body: body?.bytes,
            routingKey: try request.parameter("to"),
            messageID: try request.id("id"),
            isTrusted: try request.flag("trust")
        )
        .identified(for: kept.letter)
        try admissions.check(kept.letter, as: revision)
        switch try await letters.requeue([kept.id], as: revision).first ?? .unknown {
        case .requeued: break
        case .incomplete:
            throw Problem(
                .cannotRequeue,
                "only the beginning of its body is kept: send all of it"
            )
        case .unaddressed:
            throw Problem(
                .cannotRequeue,
                "its routing key is not known: say where it goes with the parameter to"
            )
        case .unknown: throw Problem.unknown("dead letter")
        }
        try await note("requeue", kept, context)
        let id =
            revision.messageID ?? kept.letter.properties.messageID.flatMap(UUID.init(text:))
        var headers: HTTPFields = [:]
        if let id { headers[.location] = "/execute/\(id.text)" }
        return .json(
            JSONValue.object(["id": .integer(kept.id), "message_id": .optional(id?.text)]),
            status: .accepted,
            headers: headers
        )
    }

    private func note(
        _ action: String,
        _ kept: StoredDeadLetter,
        _ context: GatewayContext
    ) async throws(StoreError) {
        try await audit.note(
            Act(
                actor: context.caller.name,
                action: action,
                target: "dead_letter",
                subject: String(kept.id),
                tenant: kept.tenant
            )
        )
    }

    private func find(_ context: GatewayContext) async throws -> StoredDeadLetter {
        guard let number = context.parameters.get("n").flatMap({ Int64($0) }) else {
            throw Problem.unknown("dead letter")
        }
        let kept = try await letters.letter(number)
        guard let kept, context.caller.sees(kept.tenant) else {
            throw Problem.unknown("dead letter")
        }
        return kept
    }
}

extension Request {
    /// Whether something follows its head.
    fileprivate var hasBody: Bool {
        headers[.contentType] != nil || headers[.transferEncoding] != nil
            || headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// A parameter that is a UUID.
    fileprivate func id(_ name: String) throws(Problem) -> UUID? {
        guard let text = try parameter(name) else { return nil }
        guard let id = UUID(text: text) else {
            throw Problem(.invalidRequest, "the parameter \(name) is not a UUID")
        }
        return id
    }

    /// A parameter that is true or false.
    fileprivate func flag(_ name: String) throws(Problem) -> Bool {
        switch try parameter(name) {
        case nil, "false": false
        case "true": true
        default: throw Problem(.invalidRequest, "the parameter \(name) is not true or false")
        }
    }
}
