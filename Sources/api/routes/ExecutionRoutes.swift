internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/execute/{id}`: where an execution is, how it ended, and its end.
struct ExecutionRoutes: Sendable {
    let finder: TenantScopedRecords
    let cancellations: Cancellations

    var routes: [Route] {
        [
            Route(.get, "/execute/{id}", parameters: [], handler: status),
            Route(.get, "/execute/{id}/status", parameters: [], handler: status),
            Route(.get, "/execute/{id}/result", parameters: [], handler: result),
            Route(.delete, "/execute/{id}", .whoSubmits, parameters: [], handler: cancel),
        ]
    }

    private func status(_ request: Request, _ context: GatewayContext) async throws -> Response {
        .json(ExecutionBody(try await finder.execution(context)))
    }

    private func result(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let record = try await finder.execution(context)
        guard let result = record.result else { throw Problem(notFinished: record) }
        return .json(bytes: Array(result.utf8))
    }

    private func cancel(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let id = context.id else { throw Problem.unknown("execution") }
        switch try await cancellations.cancel(execution: id, tenant: context.caller.scope) {
        case .unknown: throw Problem.unknown("execution")
        case .queued: return cancelling(id, .queued)
        case .running: return cancelling(id, .running)
        case .ended:
            // Whoever asks again gets what they asked for.
            let state = try await finder.execution(context).state
            guard state == .cancelled else {
                throw Problem(.alreadyEnded, "it ended in \(state.rawValue)")
            }
            return .json(AcceptedBody(id, state))
        }
    }

    private func cancelling(_ id: UUID, _ state: ExecutionState) -> Response {
        .json(
            AcceptedBody(id, state),
            status: .accepted,
            headers: [.location: "/execute/\(id.text)/status"]
        )
    }
}

extension Problem {
    /// Says that an execution goes on, and where that can be watched.
    init(notFinished record: ExecutionRecord) {
        self.init(
            .notFinished,
            "it is \(record.state.rawValue)",
            headers: [.retryAfter: "1"]
        )
    }
}
