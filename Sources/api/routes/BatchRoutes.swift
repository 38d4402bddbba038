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
    let records: any GatewayRecords

    var routes: [Route] {
        [
            Route(.post, "/batches", handler: submit),
            Route(.get, "/batches/{id}", handler: show),
            Route(.get, "/batches/{id}/results", handler: results),
            Route(.delete, "/batches/{id}", handler: cancel),
        ]
    }

    private func submit(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let lane = try reader.lane(of: request)
        let id = try reader.id(of: request)
        var body = try await reader.body(of: request, types: [Self.json, Self.lines])
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
            headers: [.location: "/batches/\(id.text)"]
        )
    }

    private func show(_ request: Request, _ context: GatewayContext) async throws -> Response {
        .json(BatchBody(try await batch(context)))
    }

    private func results(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let batch = try await batch(context)
        let records = records
        let body = ResponseBody { writer in
            var last: UUID?
            repeat {
                let page = try await records.results(of: batch.id, after: last, limit: Self.page)
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
        guard let id = context.id,
            let pending = try await cancellations.cancel(batch: id, tenant: context.caller.scope)
        else { throw Problem.unknown("batch") }
        return .json(
            CancelledBatchBody(id, pending: pending),
            status: pending == 0 ? .ok : .accepted,
            headers: [.location: "/batches/\(id.text)"]
        )
    }

    private func batch(_ context: GatewayContext) async throws -> BatchRecord {
        guard let id = context.id, let record = try await records.batch(id),
            context.caller.sees(record.tenant)
        else { throw Problem.unknown("batch") }
        return record
    }
}
