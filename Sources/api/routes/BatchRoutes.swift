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

    var routes: [Route] {
        [
            Route(.post, "/batches", .whoSubmits, parameters: ["pool", "level"], handler: submit),
            Route(.get, "/batches/{id}", parameters: [], handler: show),
            Route(.get, "/batches/{id}/results", parameters: [], handler: listResults),
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

    private func listResults(_ request: Request, _ context: GatewayContext) async throws -> Response
    {
        let batch = try await finder.batch(context)
        let results = results
        let body = ResponseBody { writer in
            var last: UUID?
            repeat {
                let page = try await results.results(of: batch.id, after: last, limit: Self.page)
                if !page.isEmpty {
                    let lines = page.map { $0.document + "\n" }.joined()
                    try await writer.write(ByteBuffer(string: lines))
                }
                last = page.count == Self.page ? page.last?.id : nil
            } while last != nil
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: Self.lines, .cacheControl: "no-store"],
            body: body
        )
    }

    private func cancel(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let id = context.id else { throw Problem.unknown("batch") }
        let pending = try await cancellations.cancel(batch: id, tenant: context.caller.scope)
        guard let pending else { throw Problem.unknown("batch") }
        return .json(
            CancelledBatchBody(id, pending: pending),
            status: pending == 0 ? .ok : .accepted,
            headers: [.location: "/batches/\(id.text)"]
        )
    }
}
