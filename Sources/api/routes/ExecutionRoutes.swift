internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/execute/{id}`: where an execution is, how it ended, its end, and another run of it.
struct ExecutionRoutes: Sendable {
    let reader: RequestReader
    let finder: TenantScopedRecords
    let cancellations: Cancellations
    let reruns: Reruns
    let audit: any AuditLog

    var routes: [Route] {
        [
            Route(.get, "/execute/{id}", parameters: [], handler: status),
            Route(.get, "/execute/{id}/status", parameters: [], handler: status),
            Route(.get, "/execute/{id}/result", parameters: [], handler: result),
            Route(.delete, "/execute/{id}", .whoSubmits, parameters: [], handler: cancel),
            Route(.post, "/execute/{id}/rerun", .whoSubmits, parameters: [], handler: rerun),
        ]
    }

    private func status(_ request: Request, _ context: GatewayContext) async throws -> Response {
        .json(try await finder.execution(context).json)
    }

    private func result(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let record = try await finder.execution(context)
        guard let result = record.result else { throw Problem(notFinished: record) }
        return .json(bytes: Array(result.utf8))
    }

    /// Runs an execution again; the answer's `Location` names the new one.
    func rerun(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let new = try reader.id(of: request)
        let record = try await finder.execution(context)
        switch try await reruns.rerun(record.id, as: new, tenant: context.caller.scope) {
        case .rerun(let id):
            try await note("rerun", record, context)
            return .json(
                AcceptedBody(id, .queued),
                status: .accepted,
                headers: [.location: "/execute/\(id.text)"]
            )
        case .unknown: throw Problem.unknown("execution")
        case .notFinished: throw Problem(notFinished: record)
        case .requestNotKept:
            throw Problem(
                .resultsGone,
                "its request is not kept: it ended under an earlier version"
            )
        case .refused(let refusal): throw refusal
        }
    }

    private func note(
        _ action: String,
        _ record: ExecutionRecord,
        _ context: GatewayContext
    ) async throws(StoreError) {
        try await audit.note(
            Act(
                actor: context.caller.name,
                action: action,
                target: "execution",
                subject: record.id.text,
                tenant: record.tenant
            )
        )
    }

    /// Asks for the end of an execution.
    func cancel(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let id = try context.id(of: "execution", in: "executions")
        switch try await cancellations.cancel(execution: id, tenant: context.caller.scope) {
        case .unknown: throw Problem.unknown("execution")
        case .queued:
            try await note("cancel", try await finder.execution(context), context)
            return cancelling(id, .queued)
        case .running:
            try await note("cancel", try await finder.execution(context), context)
            return cancelling(id, .running)
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
            "it is \(record.told.state.rawValue)",
            headers: [.retryAfter: "1"]
        )
    }
}
