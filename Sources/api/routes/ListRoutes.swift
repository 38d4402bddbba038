internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/executions` and `/batches`: what there is, newest first.
struct ListRoutes: Sendable {
    let executions: any ExecutionLists
    let batches: any BatchLists

    var routes: [Route] {
        [
            Route(.get, "/executions", handler: listExecutions),
            Route(.get, "/batches", handler: listBatches),
        ]
    }

    /// Answers with a page of executions.
    func listExecutions(
        _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        var parameters = request.queryParameters
        let page = try ListPageRequest(takenFrom: &parameters)
        let filter = try ExecutionFilter(parameters).limited(to: context.caller.scope)
        let found =
            if let filter {
                try await executions.executions(filter, page: page)
            } else {
                ListPage<ExecutionSummary>(items: [])
            }
        return .page(
            found.items.map(\.json),
            called: "executions",
            fields: ExecutionSummary.fields,
            next: found.next,
            for: request
        )
    }

    private func listBatches(
        _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        var parameters = request.queryParameters
        let page = try ListPageRequest(takenFrom: &parameters)
        let filter = try BatchFilter(parameters).limited(to: context.caller.scope)
        let found =
            if let filter {
                try await batches.batches(filter, page: page)
            } else {
                ListPage<BatchRecord>(items: [])
            }
        return .page(
            found.items.map(\.json),
            called: "batches",
            fields: BatchRecord.fields,
            next: found.next,
            for: request
        )
    }
}
