internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/batches`: many executions at once.
struct BatchRoutes: Sendable {
    private static let json = "application/json"
    private static let lines = "application/x-ndjson"
    /// What dead letters of members say they came by.
    private static let origin = "gateway"
    /// How many results are held at once.
    private static let page = 64

    let reader: RequestReader
    let admissions: Admissions
    let cancellations: Cancellations
    let finder: TenantScopedRecords
    let results: any BatchResults
    let audit: any AuditLog

    var routes: [Route] {
        [
            Route(.post, "/batches", .whoSubmits, parameters: ["pool", "level"], handler: submit),
            Route(.get, "/batches/{id}", parameters: [], handler: show),
            Route(
                .get,
                "/batches/{id}/results",
                parameters: ["limit", "cursor", "state"],
                handler: listResults
            ),
            Route(.delete, "/batches/{id}", .whoSubmits, parameters: [], handler: cancel),
        ]
    }

    private func submit(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let lane = try reader.lane(of: request)
        let id = try reader.id(of: request)
        var body = try await reader.body(
            of: request,
            types: [Self.json, Self.lines],
            for: context.caller
        )
        if body.type == Self.lines {
            body.bytes = try BatchLines(body.bytes).document(pool: lane.pool, level: lane.level)
        }
        let batch = try await admissions.submit(
            batch: RequestMessage(
                properties: reader.properties(of: request, id: id, caller: context.caller),
                body: body.bytes
            ),
            from: Self.origin
        )
        return .json(
            AcceptedBatchBody(batch),
            status: .accepted,
            headers: [.location: "/batches/\(batch.id.text)"]
        )
    }

    private func show(_ request: Request, _ context: GatewayContext) async throws -> Response {
        .json(try await finder.batch(context).json)
    }

    /// Answers with the documents of members, a line each: all of them, or a page where one is asked for, whose
    /// `Link` leads to the next.
    private func listResults(_ request: Request, _ context: GatewayContext) async throws -> Response
    {
        var parameters = request.queryParameters
        let isPaged = parameters.contains { ListPageRequest.names.contains($0.name) }
        let page = try ListPageRequest(takenFrom: &parameters)
        let states = try ExecutionFilter(parameters).states
        let batch = try await finder.batch(context)
        let first = page.cursor?.id
        var headers: HTTPFields = [.contentType: Self.lines, .cacheControl: "no-store"]
        var limit = Int.max
        if isPaged {
            let members = try await results.membersWithResults(
                of: batch.id,
                after: first,
                states: states,
                limit: page.limit + 1
            )
            limit = min(members.count, page.limit)
            if members.count > page.limit {
                let next = ListCursor(microseconds: 0, id: members[page.limit - 1])
                headers.append(request.link(to: next))
            }
        }
        let (results, count) = (results, limit)
        let body = ResponseBody { writer in
            var last = first
            var rest = count
            while rest > 0 {
                let size = min(rest, Self.page)
                let group = try await results.results(
                    of: batch.id,
                    after: last,
                    states: states,
                    limit: size
                )
                if !group.isEmpty {
                    let lines = group.map { $0.document + "\n" }.joined()
                    try await writer.write(ByteBuffer(string: lines))
                }
                if group.count < size { break }
                rest -= size
                last = group.last?.id
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Asks for the ends of all members of a batch.
    func cancel(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let id = try context.id(of: "batch", in: "batches")
        let pending = try await cancellations.cancel(batch: id, tenant: context.caller.scope)
        guard let pending else { throw Problem.unknown("batch") }
        if pending > 0 {
            try await audit.note(
                Act(
                    actor: context.caller.name,
                    action: "cancel",
                    target: "batch",
                    subject: id.text,
                    tenant: context.caller.scope,
                    count: pending
                )
            )
        }
        return .json(
            CancelledBatchBody(id, pending: pending),
            status: pending == 0 ? .ok : .accepted,
            headers: [.location: "/batches/\(id.text)"]
        )
    }
}
