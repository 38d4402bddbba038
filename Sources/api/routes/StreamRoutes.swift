internal import AsyncAlgorithms
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService
internal import ServiceLifecycle

/// `/execute/{id}/stream`: what a program writes, while it does, as server-sent events.
struct StreamRoutes: Sendable {
    /// How often something is written, so that a client that is gone is noticed, and one that is
    /// there knows the connection to live.
    private static let heartbeat: Duration = .seconds(10)

    let finder: TenantScopedRecords
    let follower: OutputFollower
    let streams: FairLimit

    var routes: [Route] { [Route(.get, "/execute/{id}/stream", parameters: [], handler: stream)] }

    private enum Signal: Sendable {
        case output(MarkedOutput)
        case heartbeat
        case end
    }

    private func stream(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let record = try await finder.execution(context)
        let last = request.headers[.lastEventID]
        // A browser comes again also after the end, until it is told that there is no more.
        if last == ServerSentEvent.endID, record.state.isTerminal {
            return Response(status: .noContent)
        }
        let share = streams.share(of: context.caller.key)
        try share.take()
        let mark = last.flatMap(OutputCursorToken.init)
        guard let output = try await follower.output(of: record.id, from: mark) else {
            throw Problem.unknown("execution")
        }
        let (client, logger) = (request.body, context.logger)
        let body = ResponseBody { writer in
            do {
                try await Self.tell(output, to: &writer, while: client, and: share)
            } catch let error as StoreError {
                let problem = Problem(error, logger: logger)
                try await writer.write(ServerSentEvent.problem(problem).buffer)
            } catch let error as ResultsError {
                let problem = Problem(error, logger: logger)
                try await writer.write(ServerSentEvent.problem(problem).buffer)
                // What is gone is not there for who comes again either.
                if record.state.isTerminal {
                    try await writer.write(ServerSentEvent.end(record.state).buffer)
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store",
                .connection: "close",
            ],
            body: body
        )
    }

    /// Tells an output until its end, until the client goes, or until the gateway stops or revokes the
    /// caller's share, when clients come back later.
    private static func tell(
        _ output: ExecutionOutput,
        to writer: inout any ResponseBodyWriter,
        while client: RequestBody,
        and share: FairLimit.Share
    ) async throws {
        let (ends, end) = AsyncStream<Void>.makeStream()
        let revocation = Task {
            for await _ in share.revocation {}
            end.yield()
        }
        defer { revocation.cancel() }
        let beats = AsyncTimerSequence(interval: heartbeat, clock: ContinuousClock())
        let signals = merge(
            output.map { Signal.output($0) },
            beats.map { _ in Signal.heartbeat },
            ends.map { Signal.end }
        )
        try await withGracefulShutdownHandler {
            try await client.consumeWithInboundCloseHandler { _ in
                for try await signal in signals {
                    switch signal {
                    case .heartbeat:
                        try await writer.write(ServerSentEvent.heartbeat)
                    case .output(let piece):
                        try await writer.write(ServerSentEvent(piece).buffer)
                        if case .over = piece.output { return }
                    case .end:
                        return
                    }
                }
            } onInboundClosed: {
                end.yield()
            }
        } onGracefulShutdown: {
            end.yield()
        }
    }
}
