internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService
internal import ServiceLifecycle

/// `/execute/async` and `/execute/sync`: a request comes in.
struct SubmissionRoutes: Sendable {
    let reader: RequestReader
    let admissions: Admissions
    let completions: Completions
    let waits: FairLimit
    let limits: GatewaySettings.Limits

    var routes: [Route] {
        [
            Route(
                .post,
                "/execute/async",
                .whoSubmits,
                parameters: ["pool", "level"],
                handler: submit
            ),
            Route(
                .post,
                "/execute/sync",
                .whoSubmits,
                parameters: ["pool", "level", "wait"],
                handler: submitAndWait
            ),
        ]
    }

    /// A request that was read.
    private struct Incoming: Sendable {
        let id: UUID
        let pool: String
        let level: Level
        var message: RequestMessage
        /// Held as long as the body may be.
        let share: FairLimit.Share
    }

    private func submit(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let incoming = try await read(request, context)
        return accepted(try await take(incoming).id)
    }

    private func submitAndWait(
        _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        let wait = try reader.wait(of: request)
        let share = waits.share(of: context.caller.key)
        try share.take()
        defer { withExtendedLifetime(share) {} }
        let incoming = try await read(request, context)
        let departure = try await ConnectionGuard.departure(from: context.channel)
        // Who waits when the gateway stops, or for too much while others wait for less, is told where
        // to look; a client that is gone keeps nobody from waiting.
        let (id, end) = try await cancelWhenGracefulShutdown {
            try await cancelled(by: [share.revocation, departure]) {
                try await takeAndWait(incoming, within: wait)
            }
        }
        guard let end else { return accepted(id) }
        return .json(bytes: Array(end.document.utf8), headers: location(id))
    }

    /// What was taken in has another id than its request, whose is another tenant's.
    private struct OtherID: Error {
        let id: UUID
    }

    /// Takes a request in and waits for its end.
    private func takeAndWait(
        _ incoming: Incoming,
        within wait: Duration
    ) async throws -> (id: UUID, end: CompletedExecution?) {
        do {
            let end = try await completions.end(of: incoming.id, within: wait) { replyTo in
                var incoming = incoming
                incoming.message.properties.replyTo = replyTo
                let execution = try await take(incoming)
                guard execution.id == incoming.id else { throw OtherID(id: execution.id) }
                return execution.isNew
            }
            return (incoming.id, end)
        } catch let other as OtherID {
            // Nobody waited for this id yet, so its end may have been missed.
            return (other.id, try await completions.end(of: other.id, within: wait) { _ in false })
        }
    }

    private func take(_ incoming: Incoming) async throws -> AdmittedExecution {
        try await admissions.submit(
            incoming.message,
            pool: incoming.pool,
            level: incoming.level
        )
    }

    private func read(_ request: Request, _ context: GatewayContext) async throws -> Incoming {
        let lane = try reader.lane(of: request)
        let id = try reader.id(of: request)
        let body = try await reader.body(
            of: request,
            types: ["application/json"],
            for: context.caller
        )
        return Incoming(
            id: id,
            pool: lane.pool,
            level: lane.level,
            message: RequestMessage(
                properties: reader.properties(of: request, id: id, caller: context.caller),
                body: body.bytes
            ),
            share: body.share
        )
    }

    private func accepted(_ id: UUID) -> Response {
        .json(AcceptedBody(id, .queued), status: .accepted, headers: location(id))
    }

    private func location(_ id: UUID) -> HTTPFields { [.location: "/execute/\(id.text)"] }
}
